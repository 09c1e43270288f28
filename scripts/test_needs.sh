#!/bin/sh
# What tests need besides Python packages: Chromium and Chinese fonts. Root gets them installed, others are told.
set -eu
need=""
command -v chromium >/dev/null 2>&1 || command -v chromium-browser >/dev/null 2>&1 \
    || command -v google-chrome-stable >/dev/null 2>&1 || need="$need chromium"
if ! { command -v fc-list >/dev/null 2>&1 && fc-list :lang=zh family | grep -q .; }; then
    need="$need fonts-noto-cjk fontconfig"
fi
[ -n "$need" ] || exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "Installing for the browser tests:$need"
    apt-get update -q=2
    DEBIAN_FRONTEND=noninteractive apt-get install -q=2 -y --no-install-recommends $need >/dev/null
    exit 0
fi
echo "The tests need programs that are missing here. Install them and run the same command again:" >&2
echo "    sudo apt-get update && sudo apt-get install --no-install-recommends$need" >&2
echo "    (other systems: Chromium, and a font with Chinese such as Noto Sans CJK)" >&2
exit 1
