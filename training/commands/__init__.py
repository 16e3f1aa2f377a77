"""The commands of edge-emotion-train, one small file each: add_arguments(parser) and main(arguments) -> exit code."""

INTERRUPTED = 130  # what a shell reports for Ctrl-C
