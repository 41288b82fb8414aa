# A driver (`tests/clients/drivers`) by Ruby's own HTTP client.
require "json"
require "net/http"
require "openssl"
require "uri"

$stdout.sync = true
URL = URI(ENV.fetch("PROVIDER") + "/v1/chat/completions")
HEADERS = { "content-type" => "application/json", "authorization" => "Bearer " + ENV.fetch("OPENAI_API_KEY") }

def connect
  Net::HTTP.start(URL.host, URL.port, use_ssl: URL.scheme == "https", ca_file: ENV.fetch("CA"))
end

def call(http, n, words)
  stream = words.include?("-stream-") ? { stream: true, stream_options: { include_usage: true } } : {}
  body = { model: "gpt-4o-mini" + words, messages: [{ role: "user", content: "n=#{n}" }] }.merge(stream)
  text = http.post(URL.path, JSON.generate(body), HEADERS).body
  abort "a wrong answer to n=#{n}: #{text}" unless text.include?("\"prompt_tokens\":#{n},")
end

def now
  Process.clock_gettime(Process::CLOCK_MONOTONIC)
end

def load(seconds, pause)
  http, made, busy, finish = connect, 0, 0, now + seconds
  while now < finish
    begun = now
    call(http, 1000 + made % 1000, "")
    busy += now - begun
    made += 1
    sleep(pause / 1000)
  end
  puts "made #{made} #{(busy * 1_000_000).to_i}"
end

http = connect
puts "up"
$stdin.each_line do |line|
  first, *words = line.split
  if first == "load"
    load(words[0].to_f, words[1].to_f)
  else
    call(http, first.to_i, words.join)
    puts "answered #{first}"
  end
end
