#!/bin/sh
# The container's program: with arguments, edge-emotion with these; else the service, with the settings of the Home
# Assistant add-on if it is one, or with container.toml.
set -eu
home=/opt/edge-emotion

if [ "$#" -eq 0 ]; then
    settings=$home/container.toml
    if [ -f /data/options.json ]; then
        settings=/data/config.toml
        "$home/bin/python" "$home/addon_settings.py" /data >"$settings"
    fi
    set -- run --wait --config "$settings"
fi
exec "$home/bin/edge-emotion" "$@"
