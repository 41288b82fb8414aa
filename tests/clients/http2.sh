#!/bin/sh
# HTTP/2 by agreement, several calls on one connection; then without asking, and without agreement.
set -eu
url="$PROVIDER/v1/chat/completions"
ask() {
  printf '{"model":"gpt-4o-mini%s","messages":[{"role":"user","content":"n=%s"}],"stream":%s,"stream_options":{"include_usage":true}}' "$1" "$2" "$3"
}
post() {
  curl -sS --fail-with-body --cacert "$CA" -H "authorization: Bearer $OPENAI_API_KEY" \
    -H 'content-type: application/json' "$@"
}
post --http2 -d "$(ask '' 701 false)" "$url" | grep -q '"prompt_tokens":701'
post --http2 -N -d "$(ask -stream-12 702 true)" "$url" | grep -q '\[DONE\]'
post --http2 --compressed -d "$(ask -gzip 703 false)" "$url" | grep -q '"prompt_tokens":703'
post --http2 -d "$(ask -fail-400 704 false)" "$url" >/dev/null && exit 1 || true
post --http2 -d "$(ask '' 705 false)" "$url" "$url" | grep -q '"prompt_tokens":705'
post --http2 -Z -d "$(ask -stream-5-pace-5 706 true)" "$url" "$url" "$url" "$url" | grep -q '\[DONE\]'
post --http2-prior-knowledge -d "$(ask '' 707 false)" "$url" | grep -q '"prompt_tokens":707'
post --http2-prior-knowledge --no-alpn -d "$(ask '' 708 false)" "$url" | grep -q '"prompt_tokens":708'
