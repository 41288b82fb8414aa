import os

import boto3

from common import PROVIDER, check, output_tokens

client = boto3.client(
    "bedrock-runtime",
    endpoint_url=PROVIDER,
    region_name="us-east-1",
    aws_access_key_id="local",
    aws_secret_access_key="local",
    verify=os.environ["CA"],
)


def messages(n):
    return [{"role": "user", "content": [{"text": f"n={n}"}]}]


answer = client.converse(modelId="claude-local-1", messages=messages(90))
check(answer["usage"]["outputTokens"] == output_tokens(90), "a call")
answer = client.converse_stream(modelId="claude-local-1-stream-9-pace-2", messages=messages(91))
*_, last = answer["stream"]
check(last["metadata"]["usage"]["outputTokens"] == output_tokens(91), "a stream")
