#!/usr/bin/env bash
# Builds Debian packages: edge-emotion and its libraries as a Python environment in /opt/edge-emotion, as install.sh makes
# it. Needs dpkg-dev and any Python 3.11 or newer with pip; no root, and nothing of the architecture that is built for.
set -euo pipefail
umask 022

usage="usage: systemd/debian/build.sh [--suite trixie|bookworm] [--out DIR] [ARCHITECTURE...]
  --suite NAME  the Debian or Raspberry Pi OS that it is for (default: trixie)
  --out DIR     where the packages go (default: dist)
  ARCHITECTURE  arm64 or amd64 (default: both)
  PYTHON, DEB_MAINTAINER, SOURCE_DATE_EPOCH  in the environment: the Python whose pip is used, who signs for the package,
                and the time stamp of its files"

fail() { printf 'build.sh: %s\n' "$*" >&2; exit "${code:-1}"; }

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
tree=$(cd "$here/../.." && pwd)
suite=trixie out=$tree/dist architectures=()
while (($#)); do
    case $1 in
        --suite | --out) (($# > 1)) || code=2 fail "$1: expected a value; see --help"; printf -v "${1#--}" %s "$2"; shift ;;
        amd64 | arm64) architectures+=("$1") ;;
        -h | --help) printf '%s\n' "$usage"; exit 0 ;;
        *) code=2 fail "$1: unknown; see --help" ;;
    esac
    shift
done
((${#architectures[@]})) || architectures=(amd64 arm64)
# The version of Python decides which suite the package is for: its libraries are compiled for one.
case $suite in
    trixie) release=13 python_version=3.13 glibc=41 ;;
    bookworm) release=12 python_version=3.11 glibc=36 ;;
    *) code=2 fail "--suite $suite: expected trixie or bookworm" ;;
esac
command -v dpkg-deb >/dev/null || fail "dpkg-deb is missing; fix: sudo apt install dpkg-dev"
python=${PYTHON:-python3}
pip=("$python" -m pip --quiet --disable-pip-version-check --no-input)
name=edge-emotion
maintainer=${DEB_MAINTAINER:-Edge Emotion <edge-emotion@users.noreply.github.com>}
version=$(sed -n 's/^__version__ = "\(.*\)"$/\1/p' "$tree/edge/__init__.py")-1+deb$release
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git -C "$tree" log -1 --format=%ct 2>/dev/null || date +%s)}
export SOURCE_DATE_EPOCH

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mkdir -p "$scratch/source" "$scratch/wheel" "$out"
# From a copy: building leaves things behind.
for part in edge convert training models setup.cfg pyproject.toml LICENSE README.md; do
    cp -R "$tree/$part" "$scratch/source"
done
"${pip[@]}" wheel --no-deps --wheel-dir "$scratch/wheel" "$scratch/source" || fail "the wheel could not be built"
wheel=$(echo "$scratch"/wheel/*.whl)

# The environment: what `python3 -m venv --system-site-packages` makes, but for its pip, which is the system's.
make_environment() {
    local arch=$1 home=$2 site=$2/lib/python$python_version/site-packages machine=x86_64 platforms=() n limits=()
    [[ $arch == amd64 ]] || machine=aarch64
    for ((n = glibc; n >= 17; n--)); do platforms+=(--platform "manylinux_2_${n}_$machine"); done
    platforms+=(--platform "manylinux2014_$machine")
    [[ $suite != bookworm ]] || limits=(--constraint "$tree/systemd/constraints-bookworm.txt")
    platforms+=(--only-binary ":all:" --implementation cp --python-version "$python_version")
    mkdir -p "$site" "$home/bin"
    # In two steps: `pip install` looks for versions that suit the Python that it runs in, `pip download` for the target's.
    "${pip[@]}" download --dest "$scratch/$arch.wheels" "${platforms[@]}" ${limits[@]+"${limits[@]}"} \
        "${wheel}[web,mqtt,metrics]" || fail "the libraries for $arch could not be fetched"
    "${pip[@]}" install --target "$site" "${platforms[@]}" --no-deps --no-index --ignore-requires-python --no-compile \
        --no-warn-script-location "$scratch/$arch.wheels"/*.whl || fail "the libraries for $arch could not be unpacked"
    "$python" "$here/check_requirements.py" "$site" "$python_version" "$machine" || fail "the environment is incomplete"
    # Scripts of libraries name the Python that built the package; nobody calls them.
    rm -rf "${site:?}/bin" "$site"/*.dist-info/{RECORD,INSTALLER,REQUESTED,direct_url.json}
    ln -s "/usr/bin/python$python_version" "$home/bin/python"
    ln -s python "$home/bin/python3"
    printf '%s\n' "home = /usr/bin" "include-system-site-packages = true" "version = $python_version" >"$home/pyvenv.cfg"
    printf '%s\n' "#!/opt/$name/bin/python" "import sys" "" "from edge.__main__ import main" "" "sys.exit(main())" \
        >"$home/bin/$name"
    chmod 755 "$home/bin/$name"
}

# Everything that the package holds besides; the paths are the suite's own.
add_system_files() {
    local root=$1 arch=$2 doc=$1/usr/share/doc/$name
    mkdir -p "$root/usr/bin" "$doc" "$root/DEBIAN"
    ln -s "/opt/$name/bin/$name" "$root/usr/bin/$name"
    install -D -m 640 "$tree/systemd/config.toml" "$root/etc/$name/config.toml"
    install -D -m 644 "$tree/systemd/$name.service" "$root/usr/lib/systemd/system/$name.service"
    install -D -m 644 "$tree/systemd/$name.sysusers" "$root/usr/lib/sysusers.d/$name.conf"
    install -D -m 644 "$tree/systemd/60-$name.rules" "$root/usr/lib/udev/rules.d/60-$name.rules"
    install -D -m 644 "$here/lintian-overrides" "$root/usr/share/lintian/overrides/$name"
    install -D -m 644 "$here/completion" "$root/usr/share/bash-completion/completions/$name"
    install -m 644 "$here/copyright" "$doc/copyright"
    gzip -9n <"$tree/CHANGELOG.md" >"$doc/changelog.gz"
    printf '%s\n' "$name ($version) $suite; urgency=medium" "" "  * Package of this release; see changelog.gz." "" \
        " -- $maintainer  $(date --utc --rfc-email --date="@$SOURCE_DATE_EPOCH")" | gzip -9n >"$doc/changelog.Debian.gz"
    install -m 755 "$here"/{preinst,postinst,prerm,postrm} "$root/DEBIAN"
    echo "/etc/$name/config.toml" >"$root/DEBIAN/conffiles"
    local next="${python_version%.*}.$((${python_version#*.} + 1))"
    sed -e "s|@VERSION@|$version|; s|@ARCHITECTURE@|$arch|; s|@MAINTAINER@|$maintainer|" \
        -e "s|@PYTHON@|python3 (>= $python_version~), python3 (<< $next~)|" \
        -e "s|@SIZE@|$(du -sk --apparent-size "$root" | cut -f1)|" "$here/control" >"$root/DEBIAN/control"
    (cd "$root" && find . -type f ! -path './DEBIAN/*' -printf '%P\0' | LC_ALL=C sort -z | xargs -0 md5sum) \
        >"$root/DEBIAN/md5sums"
}

for arch in "${architectures[@]}"; do
    root=$scratch/$arch
    mkdir "$root"
    make_environment "$arch" "$root/opt/$name"
    add_system_files "$root" "$arch"
    chmod -R u+rwX,go+rX,go-w "$root"
    # Wheels mark libraries and sources as executable at random.
    find "$root/opt/$name/lib" -type f -perm /111 -exec chmod a-x {} +
    chmod o= "$root/etc/$name/config.toml" # a camera's password may be in it
    dpkg-deb --root-owner-group --build "$root" "$out/${name}_${version}_$arch.deb" >/dev/null
    rm -rf "$root"
    echo "$out/${name}_${version}_$arch.deb"
done
