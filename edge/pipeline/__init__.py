"""One frame in, what is known of it out: detector, verifier, classifiers and the pipeline that joins them."""
