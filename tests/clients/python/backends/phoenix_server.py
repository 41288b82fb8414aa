"""Phoenix for this host alone: of itself, its gRPC server listens on all addresses."""
import sys

import grpc.aio

make = grpc.aio.server


def server(*arguments, **options):
    made = make(*arguments, **options)
    listen = made.add_insecure_port
    made.add_insecure_port = lambda address: listen(address.replace("[::]", "127.0.0.1"))
    return made


grpc.aio.server = server

from phoenix.server.main import main

sys.argv = ["phoenix", "serve"]
main()
