#!/bin/sh
# A driver whose every call is a program run anew: `curl`, `wget`, or the path of the C client with OpenSSL
# linked in, which takes no words. It knows no `load`.
set -eu
program=$1
url="$PROVIDER/v1/chat/completions"
host=${PROVIDER#*://}
echo up
while read -r n words; do
  stream=false
  case $words in *-stream-*) stream=true ;; esac
  body='{"model":"gpt-4o-mini'$words'","messages":[{"role":"user","content":"n='$n'"}],"stream":'$stream',"stream_options":{"include_usage":true}}'
  case $program in
  curl)
    answer=$(curl -sS --fail-with-body --cacert "$CA" -H 'content-type: application/json' -d "$body" "$url")
    ;;
  wget)
    answer=$(wget --no-config --quiet --output-document=- --ca-certificate="$CA" \
      --header='content-type: application/json' --post-data="$body" "$url")
    ;;
  *)
    "$program" "${host%:*}" "${host#*:}" "$n" </dev/null >/dev/null
    answer="\"prompt_tokens\":$n,"
    ;;
  esac
  case $answer in
  *"\"prompt_tokens\":$n,"*) echo "answered $n" ;;
  *)
    echo "a wrong answer to n=$n: $answer" >&2
    exit 1
    ;;
  esac
done
