#!/bin/sh
# Calls of two teams: with a cost in the answer, with a price of the operator's, with neither.
set -eu
url="$PROVIDER/v1/chat/completions"
ask() {
  printf '{"model":"%s","messages":[{"role":"user","content":"n=%s"}],"stream":%s,"stream_options":{"include_usage":true},"user":"jane"}' "$1" "$2" "$3"
}
post() {
  curl -sS --http1.1 --fail-with-body --cacert "$CA" -H "authorization: Bearer $OPENAI_API_KEY" \
    -H 'content-type: application/json' -H "x-team: $1" -d "$2" "$url" >/dev/null
}
post search "$(ask gpt-cost-1500 501 false)"
post search "$(ask gpt-cost-2500-stream-12 502 true)"
post ads "$(ask house-model 503 false)"
post ads "$(ask house-model-stream-12 504 true)"
post search "$(ask house-model-cost-7 505 false)"
post ads "$(ask gpt-unheard-of 506 false)"
