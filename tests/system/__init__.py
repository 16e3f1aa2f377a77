"""`make system-test`: the service on a real systemd. Needs root, debootstrap, systemd-nspawn and Debian's mirror."""
