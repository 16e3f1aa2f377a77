#!/usr/bin/env bash
# Installs edge-emotion as a service, or upgrades it; --uninstall takes it away again. All of it can be run twice.
# Raspberry Pi OS and Debian, bookworm and trixie. Without a network: set PIP_FIND_LINKS to a folder of wheels and
# PIP_NO_INDEX=1 (sudo --preserve-env=PIP_FIND_LINKS,PIP_NO_INDEX); apt is asked only for what is missing.
set -euo pipefail
umask 022

usage="usage: sudo systemd/install.sh [--no-start] [--user NAME] | --uninstall
  --no-start   neither start the service nor enable it at boot
  --user NAME  who may read the journal (default: who called sudo)
  --uninstall  remove everything but settings and journals
  DESTDIR=DIR  in the environment: files go below DIR, and the running system is left alone"

say() { printf '%s\n' "$*"; }
fail() { printf 'install.sh: %s\n' "$*" >&2; exit "${code:-1}"; }

start=yes uninstall=no reader="${SUDO_USER:-}"
while (($#)); do
    case $1 in
        --no-start) start=no ;;
        --uninstall) uninstall=yes ;;
        --user) (($# > 1)) || code=2 fail "--user: expected a name; see --help"; reader=$2; shift ;;
        -h | --help) say "$usage"; exit 0 ;;
        *) code=2 fail "$1: unknown option; see --help" ;;
    esac
    shift
done

root=${DESTDIR:-}
[[ -n $root || $EUID -eq 0 ]] || fail "needs root; run it as: sudo $0"

tree=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
name=edge-emotion
home=$root/opt/$name
settings=$root/etc/$name/config.toml
unit=$root/etc/systemd/system/$name.service
rules=$root/etc/udev/rules.d/60-$name.rules
command=$root/usr/local/bin/$name
system=$tree/systemd

# Whether a service manager is there to talk to: not in a chroot, not below DESTDIR.
booted() { [[ -z $root && -d /run/systemd/system ]]; }

scratch=
trap '[[ -z $scratch ]] || rm -rf "$scratch"' EXIT

install_packages() {
    local missing=() package
    for package in python3 python3-venv; do
        is_installed "$package" || missing+=("$package")
    done
    # The Pi's own camera; only Raspberry Pi OS has it.
    if ! is_installed python3-picamera2 && apt-cache show python3-picamera2 >/dev/null 2>&1; then
        missing+=(python3-picamera2)
    fi
    if ((${#missing[@]})); then
        say "Packages: ${missing[*]}"
        DEBIAN_FRONTEND=noninteractive apt-get install --yes --quiet --no-install-recommends "${missing[@]}" >/dev/null ||
            fail "apt-get could not install ${missing[*]}; try: sudo apt-get update"
    fi
    python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
        fail "$(python3 --version): Python 3.11 or newer is needed; use Raspberry Pi OS bookworm or newer"
}

is_installed() { [[ $(dpkg-query --show --showformat='${db:Status-Status}' "$1" 2>/dev/null) == installed ]]; }

# The environment sees the system's packages, as picamera2 comes from apt. It is made anew after the system's Python changed.
install_environment() {
    local version
    version=$(python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    if ! "$home/bin/python" -c "import sys, pip; sys.exit('%d.%d' % sys.version_info[:2] != '$version')" 2>/dev/null; then
        say "Python environment: $home (Python $version)"
        python3 -m venv --clear --system-site-packages "$home" || fail "$home: the environment could not be made"
    fi
    local limits=()
    # shellcheck disable=SC1091
    if (. "$root/etc/os-release" && [[ ${VERSION_CODENAME:-} == bookworm ]]); then
        limits=(--constraint "$system/constraints-bookworm.txt")
    fi
    # From a copy: building leaves things behind, which would be root's in somebody's checkout.
    scratch=$(mktemp -d)
    local part
    for part in edge convert training models setup.cfg pyproject.toml LICENSE; do
        [[ -e $tree/$part ]] || fail "$tree/$part is missing; unpack or clone edge-emotion again"
        cp -R "$tree/$part" "$scratch"
    done
    [[ ! -e $tree/README.md ]] || cp "$tree/README.md" "$scratch"
    say "Installing into $home ..."
    "$home/bin/python" -m pip install --quiet --disable-pip-version-check --root-user-action=ignore \
        ${limits[@]+"${limits[@]}"} "$scratch" || fail "pip could not install edge-emotion; what was there before still stands"
    "$home/bin/python" - <<'PYTHON' || fail "the libraries do not work together; remove $home and install again"
import importlib.util
import cv2, numpy
from edge.engines.litert import interpreter_module
interpreter_module()
if importlib.util.find_spec("picamera2"):
    import picamera2
PYTHON
    mkdir -p "$(dirname "$command")"
    ln -sfn "${home#"$root"}/bin/$name" "$command"
}

# Settings that somebody changed are kept; the new defaults then lie beside them. What nobody changed is replaced.
install_settings() {
    local fresh=$system/config.toml before=$home/config.toml
    mkdir -p "$(dirname "$settings")"
    if [[ ! -e $settings ]] || cmp -s "$settings" "$before"; then
        install -m 644 "$fresh" "$settings"
    fi
    if cmp -s "$settings" "$fresh"; then
        rm -f "$settings.new"
    elif ! cmp -s "$before" "$fresh"; then
        install -m 644 "$fresh" "$settings.new"
        say "Settings: $settings is kept; the new defaults are in $settings.new"
    fi
    install -m 644 "$fresh" "$before"
}

install_service() {
    mkdir -p "$(dirname "$unit")" "$(dirname "$rules")"
    if [[ -z $root ]]; then
        systemd-sysusers "$system/$name.sysusers" || fail "the user $name could not be made"
        if getent group gpio >/dev/null; then usermod --append --groups gpio "$name"; fi
    fi
    install -m 644 "$system/60-$name.rules" "$rules"
    install -m 644 "$system/$name.service" "$unit"
    if [[ -z $root && -n $reader && $reader != root ]]; then
        usermod --append --groups "$name" "$reader" || fail "--user $reader: could not join the group $name"
        say "Journal: $reader may read it (after logging in again) with: $name log summary /var/log/$name/journal.jsonl"
    fi
    if booted; then
        systemctl daemon-reload
        # Without udev (a container) there is nothing to tell.
        if udevadm control --reload 2>/dev/null; then
            udevadm trigger --subsystem-match=usb --subsystem-match=apex --subsystem-match=dma_heap || true
        fi
    fi
}

start_service() {
    local problem
    problem=$("$home/bin/python" - "$settings" <<'PYTHON'
import sys
from edge.config import load
from edge.errors import EdgeError
try:
    load(sys.argv[1])
except EdgeError as error:
    sys.exit(print(error) or 1)
PYTHON
    ) || fail "$problem; mend it and install again"
    [[ $start == yes && -z $root ]] || { say "Installed; not started."; return; }
    systemctl --quiet enable "$name"
    booted || { say "Installed; it starts with the system."; return; }
    systemctl restart "$name" || fail "the service does not start; see: journalctl --unit $name"
    say "Installed and running. See: systemctl status $name; settings: $settings"
}

remove_all() {
    if booted && [[ -e $unit ]]; then
        systemctl --quiet disable --now "$name"
    elif [[ -z $root && -e $unit ]]; then
        systemctl --quiet disable "$name"
    fi
    rm -f "$unit" "$rules" "$settings.new"
    [[ ! -L $command ]] || rm -f "$command"
    if [[ -e $home/pyvenv.cfg ]]; then rm -rf "$home"; fi
    if booted; then
        systemctl daemon-reload
        systemctl reset-failed "$name" 2>/dev/null || true
        udevadm control --reload 2>/dev/null || true
    fi
    say "Removed. Kept: /etc/$name, /var/log/$name and /var/lib/$name (with the user $name that owns them)."
}

if [[ $uninstall == yes ]]; then
    remove_all
else
    install_packages
    install_environment
    install_settings
    install_service
    start_service
fi
