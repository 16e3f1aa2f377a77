#!/usr/bin/env bash
# Installs edge-emotion as a service, or upgrades it; --uninstall removes it again. Running it again does no harm.
# Raspberry Pi OS and Debian, bookworm and trixie. Without a network: set PIP_FIND_LINKS to a folder of wheels and
# PIP_NO_INDEX=1 (sudo --preserve-env=PIP_FIND_LINKS,PIP_NO_INDEX); apt is asked only for what is missing.
set -euo pipefail
umask 022

usage="usage: sudo systemd/install.sh [--no-start] [--user NAME] [--with EXTRAS] | --uninstall
  --no-start     neither start the service nor enable it at boot
  --user NAME    who may read the journal (default: whoever ran sudo)
  --with EXTRAS  also install these, such as: web,plot
  --uninstall    remove everything but settings and journals
  DESTDIR=DIR    in the environment: files go below DIR, and the running system is left alone"

say() { printf '%s\n' "$*"; }
fail() { printf 'install.sh: %s\n' "$*" >&2; exit "${code:-1}"; }

start=yes uninstall=no reader="${SUDO_USER:-}" with=
while (($#)); do
    case $1 in
        --no-start) start=no ;;
        --uninstall) uninstall=yes ;;
        --with) (($# > 1)) || code=2 fail "--with: expected extras, such as web,plot; see --help"; with=$2; shift ;;
        --user) (($# > 1)) || code=2 fail "--user: expected a name; see --help"; reader=$2; shift ;;
        -h | --help) say "$usage"; exit 0 ;;
        *) code=2 fail "$1: unknown option; see --help" ;;
    esac
    shift
done

[[ -z $with || $with =~ ^(web|plot|window|heic|mqtt|metrics)(,(web|plot|window|heic|mqtt|metrics))*$ ]] ||
    code=2 fail "--with $with: expected web, plot, window, heic, mqtt or metrics, with commas between; see --help"
root=${DESTDIR:-}
[[ -n $root || $EUID -eq 0 ]] || fail "needs root; run it as: sudo $0"

tree=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
name=edge-emotion
home=$root/opt/$name # a link to the environment in use: $home.a or $home.b
settings=$root/etc/$name/config.toml
unit=$root/etc/systemd/system/$name.service
rules=$root/etc/udev/rules.d/60-$name.rules
command=$root/usr/local/bin/$name
completion=$root/usr/share/bash-completion/completions/$name
system=$tree/systemd

# Whether a service manager is there to talk to: not in a chroot, not below DESTDIR.
booted() { [[ -z $root && -d /run/systemd/system ]]; }

old='' fresh='' kept='; what was there before is unchanged'
scratch=
trap '[[ -z $scratch ]] || rm -rf "$scratch"' EXIT

flush() { [[ -n $root ]] || sync "$@"; }

# A file takes its place whole, whenever the power goes: install alone leaves an empty one.
put() { # MODE FROM TO
    install -m "$1" "$2" "$3.part"
    flush "$3.part"
    mv -T "$3.part" "$3"
}

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

# A new environment is made beside the one in use, which runs until the new one was checked: whoever is interrupted
# anywhere leaves a whole one. It sees the system's packages, as picamera2 comes from apt.
make_environment() {
    mkdir -p "${home%/*}"
    exec 9>"$home.lock"
    flock --nonblock 9 || fail "another install.sh is running; wait until it has finished"
    [[ ! -e $home || -L $home || -e $home/pyvenv.cfg ]] || fail "$home is in the way; move it away"
    old=$(readlink -f "$home" || true)
    [[ -e $old/pyvenv.cfg ]] || old=
    fresh=$home.a
    [[ $old != "$(readlink -f "$home.a" || true)" ]] || fresh=$home.b
    rm -rf "$fresh"
    say "Python environment: $fresh ($(python3 --version))"
    python3 -m venv --system-site-packages "$fresh" || fail "$fresh: the environment could not be created"
    local limits=()
    # shellcheck disable=SC1091
    if (. "$root/etc/os-release" 2>/dev/null && [[ ${VERSION_CODENAME:-} == bookworm ]]); then
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
    say "Installing into $fresh ..."
    "$fresh/bin/python" -m pip install --quiet --disable-pip-version-check --root-user-action=ignore \
        ${limits[@]+"${limits[@]}"} "$scratch${with:+[$with]}" || fail "pip could not install edge-emotion$kept"
    install_extras
    "$fresh/bin/python" - <<'PYTHON' || fail "the libraries do not work together$kept"
import importlib.util
import cv2, numpy
from edge.engines.model import interpreter_module
interpreter_module()
if importlib.util.find_spec("picamera2"):
    import picamera2
PYTHON
    [[ -z $old || ! -e $old/config.toml ]] || cp "$old/config.toml" "$fresh/config.toml"
}

# What somebody added to the old environment with pip, such as aiohttp for the page.
install_extras() {
    [[ -n $old ]] || return 0
    local extras
    mapfile -t extras < <("$old/bin/python" -m pip list --local --not-required --format freeze \
        --disable-pip-version-check 2>/dev/null | sed 's/[ =].*//' | grep -vxE 'edge[-_]emotion|pip|setuptools|wheel')
    ((${#extras[@]})) || return 0
    "$fresh/bin/python" -m pip install --quiet --disable-pip-version-check --root-user-action=ignore "${extras[@]}" ||
        say "Not installed again: ${extras[*]}; install them with: sudo ${home#"$root"}/bin/pip install ${extras[*]}"
}

# The new version checks itself, with the settings that it will have.
check_environment() {
    local file=$settings said=$scratch/doctor
    if [[ ! -e $settings ]] || cmp -s "$settings" "$fresh/config.toml"; then file=$system/config.toml; fi
    "$fresh/bin/python" -P -m edge doctor --software --config "$file" >"$said" 2>&1 ||
        fail "$(grep -m 1 -E '^(FAIL|edge-emotion:)' "$said" || tail -n 1 "$said"); fix it and install again$kept"
}

# By one rename, so that the service finds one or the other environment at any moment.
switch_to() {
    flush --file-system "$1" # else a power cut within the next half minute leaves empty files in the new one
    ln -sfn "$(basename "$1")" "$home.new"
    if [[ -d $home && ! -L $home ]]; then
        # Earlier versions had the environment itself here: the two change places.
        python3 -c 'import ctypes, os, sys
paths = [os.fsencode(path) for path in sys.argv[1:]]
sys.exit(ctypes.CDLL(None).renameat2(-100, paths[0], -100, paths[1], 2) != 0)' "$home.new" "$home" ||
            { mv -T "$home" "$home.gone" && mv -T "$home.new" "$home" && mv -T "$home.gone" "$home.new"; }
        mv -T "$home.new" "$home.old"
        old=$home.old
    else
        mv -T "$home.new" "$home"
    fi
    mkdir -p "$(dirname "$command")" "$(dirname "$completion")"
    ln -sfn "${home#"$root"}/bin/$name" "$command"
    "$home/bin/python" -P -m edge --completion >"$completion" || rm -f "$completion"
}

# Restores what was there before: environment, settings and unit.
roll_back() {
    [[ -n $old ]] || return 0
    if [[ $old == "$home.old" ]]; then
        rm -f "$home"
        mv -T "$home.old" "$home"
    else
        switch_to "$old"
    fi
    [[ ! -e $scratch/old.toml ]] || cp -p "$scratch/old.toml" "$settings"
    [[ ! -e $scratch/old.service ]] || cp -p "$scratch/old.service" "$unit"
    systemctl daemon-reload
    systemctl restart "$name" || true
}

# Settings that somebody changed are kept; the new defaults then lie beside them. What nobody changed is replaced.
install_settings() {
    local fresh_file=$system/config.toml before=$home/config.toml
    mkdir -p "$(dirname "$settings")"
    [[ ! -e $settings ]] || cp -p "$settings" "$scratch/old.toml"
    if [[ ! -e $settings ]] || cmp -s "$settings" "$before"; then
        put 640 "$fresh_file" "$settings"
    fi
    # A camera's password may be in it.
    chmod o= "$settings"
    [[ -n $root ]] || chgrp "$name" "$settings"
    if cmp -s "$settings" "$fresh_file"; then
        rm -f "$settings.new"
    elif ! cmp -s "$before" "$fresh_file"; then
        put 644 "$fresh_file" "$settings.new"
        say "Settings: $settings is kept; the new defaults are in $settings.new"
    fi
    put 644 "$fresh_file" "$before"
}

# What other machines need for the page, where the settings let them reach it. The service may read it, nobody else.
install_token() {
    local state=$root/var/lib/$name made
    # Where it fails, the service tries again, and says why.
    made=$("$home/bin/python" -P -m edge.web.make_token "$settings" "$state") || return 0
    [[ -n $made ]] || return 0
    if [[ -z $root ]]; then
        [[ $(dirname "$made") != "$state" ]] || chown "$name:$name" "$state"
        chown "root:$name" "$made"
    fi
    say "Page: other machines need its token; show it with: sudo cat ${made#"$root"}"
}

install_user() {
    [[ -z $root ]] || return 0
    systemd-sysusers "$system/$name.sysusers" || fail "the user $name could not be created"
    if getent group gpio >/dev/null; then usermod --append --groups gpio "$name"; fi
}

install_service() {
    mkdir -p "$(dirname "$unit")" "$(dirname "$rules")"
    put 644 "$system/60-$name.rules" "$rules"
    [[ ! -e $unit ]] || cp -p "$unit" "$scratch/old.service"
    put 644 "$system/$name.service" "$unit"
    if [[ -z $root && -n $reader && $reader != root ]]; then
        usermod --append --groups "$name" "$reader" || fail "--user $reader: could not be added to the group $name"
        say "Journal: after logging in again, $reader can read it with: $name log summary"
    fi
    if booted; then
        systemctl daemon-reload
        # Without udev, as in a container, there is nothing to reload.
        if udevadm control --reload 2>/dev/null; then
            udevadm trigger --subsystem-match=usb --subsystem-match=apex --subsystem-match=dma_heap || true
        fi
    fi
}

start_service() {
    [[ $start == yes && -z $root ]] || { say "Installed; not started."; return; }
    systemctl --quiet enable "$name"
    booted || { say "Installed; it will start at boot."; return; }
    if ! systemctl restart "$name"; then
        roll_back
        fail "the service does not start; see: journalctl --unit $name$kept"
    fi
    say "Installed and running. See: systemctl status $name; settings: $settings"
}

# The previous environment, once nothing runs in it any more.
remove_old() {
    if [[ -n $old && $start == no ]] && booted; then return; fi
    local place
    for place in "$home.a" "$home.b" "$home.old"; do
        [[ $place == "$fresh" || ! -e $place/pyvenv.cfg ]] || rm -rf "$place"
    done
}

remove_all() {
    if booted && [[ -e $unit ]]; then
        systemctl --quiet disable --now "$name"
    elif [[ -z $root && -e $unit ]]; then
        systemctl --quiet disable "$name"
    fi
    rm -f "$unit" "$rules" "$settings.new" "$completion" "$unit.part" "$rules.part" "$settings.part"
    [[ ! -L $command ]] || rm -f "$command"
    [[ ! -L $home ]] || rm -f "$home"
    local place
    for place in "$home" "$home.a" "$home.b" "$home.old"; do
        if [[ -e $place/pyvenv.cfg ]]; then rm -rf "$place"; fi
    done
    rm -f "$home.lock" "$home.new"
    if booted; then
        systemctl daemon-reload
        systemctl reset-failed "$name" 2>/dev/null || true
        udevadm control --reload 2>/dev/null || true
    fi
    say "Removed. Kept: /etc/$name, /var/log/$name and /var/lib/$name (with the user $name that owns them)."
}

[[ -n $root ]] || ! is_installed "$name" ||
    fail "the Debian package $name is installed; remove it first: sudo apt remove $name"

if [[ $uninstall == yes ]]; then
    remove_all
else
    install_packages
    make_environment
    check_environment
    install_user
    switch_to "$fresh"
    install_settings
    install_token
    install_service
    start_service
    remove_old
fi
