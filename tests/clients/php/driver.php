<?php
// A driver (`tests/clients/drivers`) by PHP's curl.
function connect(): CurlHandle
{
    $handle = curl_init(getenv("PROVIDER") . "/v1/chat/completions");
    curl_setopt_array($handle, [
        CURLOPT_CAINFO => getenv("CA"),
        CURLOPT_RETURNTRANSFER => true,
        CURLOPT_HTTPHEADER => ["content-type: application/json", "authorization: Bearer " . getenv("OPENAI_API_KEY")],
    ]);
    return $handle;
}

function fail(string $what): never
{
    fwrite(STDERR, $what . "\n");
    exit(1);
}

function call(CurlHandle $handle, int $n, string $words): void
{
    $stream = str_contains($words, "-stream-") ? ["stream" => true, "stream_options" => ["include_usage" => true]] : [];
    $body = ["model" => "gpt-4o-mini" . $words, "messages" => [["role" => "user", "content" => "n=$n"]]] + $stream;
    curl_setopt($handle, CURLOPT_POSTFIELDS, json_encode($body));
    $text = curl_exec($handle);
    if ($text === false) {
        fail(curl_error($handle));
    }
    if (!str_contains($text, "\"prompt_tokens\":$n,")) {
        fail("a wrong answer to n=$n: $text");
    }
}

function load(float $seconds, float $pause): void
{
    [$handle, $made, $busy, $end] = [connect(), 0, 0, microtime(true) + $seconds];
    while (microtime(true) < $end) {
        $begun = hrtime(true);
        call($handle, 1000 + $made % 1000, "");
        $busy += hrtime(true) - $begun;
        $made += 1;
        usleep((int) ($pause * 1000));
    }
    printf("made %d %d\n", $made, intdiv($busy, 1000));
}

$handle = connect();
echo "up\n";
while (($line = fgets(STDIN)) !== false) {
    $words = explode(" ", trim($line));
    if ($words[0] === "load") {
        load((float) $words[1], (float) ($words[2] ?? 0));
    } else {
        call($handle, (int) $words[0], $words[1] ?? "");
        echo "answered {$words[0]}\n";
    }
}
