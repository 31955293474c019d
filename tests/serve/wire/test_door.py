"""The door of a server: what comes in while it is being shut."""

import asyncio
import socket
import sys

import pytest

from headway.serve.wire.door import Door, let_nobody_begin, listen


class Greeter(asyncio.Protocol):
    """Answers whatever it is sent, and goes."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client came."""
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """It said something."""
        assert isinstance(self.transport, asyncio.Transport)
        self.transport.write(b"hello " + data)
        self.transport.close()


@pytest.mark.skipif(sys.platform != "linux", reason="a filter of Linux")
def test_when_nobody_may_begin_those_who_came_before_are_let_in() -> None:
    with socket.create_server(("127.0.0.1", 0)) as own, socket.socket() as late:
        early = socket.create_connection(own.getsockname())
        let_nobody_begin(own)
        late.settimeout(0.3)
        with pytest.raises(TimeoutError):
            late.connect(own.getsockname())
        early.sendall(b"here")
        accepted, _ = own.accept()
        assert accepted.recv(4) == b"here"
        accepted.close()
        early.close()


def test_clients_in_the_queue_of_the_kernel_are_answered_after_the_door_is_shut() -> None:
    async def run() -> list[bytes]:
        door = Door(listen("127.0.0.1", 0))
        await door.open(Greeter)
        waiting = [socket.create_connection(("127.0.0.1", door.port)) for _ in range(5)]
        await door.close()
        answers = []
        for client in waiting:
            client.setblocking(False)  # noqa: FBT003 - the socket's own signature
            await asyncio.get_running_loop().sock_sendall(client, b"you")
            answers.append(await asyncio.get_running_loop().sock_recv(client, 100))
            client.close()
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", door.port))
        return answers

    assert asyncio.run(asyncio.wait_for(run(), 20)) == [b"hello you"] * 5
