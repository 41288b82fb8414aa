from google import genai

from common import PROVIDER, check

client = genai.Client(api_key="local", http_options={"base_url": PROVIDER})
answer = client.models.generate_content(model="gemini-local-1", contents="n=80")
check(answer.usage_metadata.prompt_token_count == 80, "a call")
*_, last = client.models.generate_content_stream(model="gemini-local-1-stream-9-pace-2", contents="n=81")
check(last.usage_metadata.prompt_token_count == 81, "a stream")
