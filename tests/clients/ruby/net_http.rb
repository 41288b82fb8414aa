# Ruby's own HTTP client: a call and a stream on one connection.
require "json"
require "net/http"
require "openssl"
require "uri"

uri = URI(ENV.fetch("PROVIDER") + "/v1/chat/completions")
headers = { "content-type" => "application/json", "authorization" => "Bearer " + ENV.fetch("OPENAI_API_KEY") }
ask = ->(n, words = "", more = {}) {
  JSON.generate({ model: "gpt-4o-mini" + words, messages: [{ role: "user", content: "n=#{n}" }] }.merge(more))
}

Net::HTTP.start(uri.host, uri.port, use_ssl: true, ca_file: ENV.fetch("CA")) do |http|
  answer = JSON.parse(http.post(uri.path, ask.(10), headers).body)
  abort "a wrong answer" unless answer["usage"]["prompt_tokens"] == 10
  request = Net::HTTP::Post.new(uri.path, headers)
  request.body = ask.(11, "-stream-9-pace-2", { stream: true, stream_options: { include_usage: true } })
  text = +""
  http.request(request) { |response| response.read_body { |piece| text << piece } }
  abort "a stream without its end" unless text.include?("[DONE]")
end
