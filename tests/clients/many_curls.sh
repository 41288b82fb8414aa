# One curl after the other, each with one call; the first argument is how many.
set -eu
n=0
while [ "$n" -lt "$1" ]; do
    n=$((n + 1))
    body='{"model":"gpt-4o-mini","messages":[{"role":"user","content":"n='$n'"}]}'
    answer=$(curl -sS --http1.1 --fail-with-body --cacert "$CA" -H 'content-type: application/json' \
        -d "$body" "$PROVIDER/v1/chat/completions")
    case $answer in
    *"\"prompt_tokens\":$n,"*) ;;
    *) exit 1 ;;
    esac
done
