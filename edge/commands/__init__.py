"""The commands of `edge-emotion`: one small file each, the only places that wire adapters together."""
