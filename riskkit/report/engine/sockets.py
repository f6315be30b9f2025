"""A kernel forked as it stands, with its sockets and threads: the way for versions the wire was not tested with."""

from __future__ import annotations

import sys
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import ipykernel_launcher  # type: ignore[import-untyped]
from ipykernel.kernelapp import IPKernelApp
from ipykernel.kernelspec import make_ipkernel_cmd
from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning.factory import KernelProvisionerFactory
from jupyter_client.provisioning.local_provisioner import LocalProvisioner

from riskkit.report.engine import client
from riskkit.report.engine.children import Child
from riskkit.report.engine.client import Zygote

_NAME = "riskkit-fork"


def serve(*words: str) -> None:
    """In a child: be the kernel that this command line asks for."""
    sys.argv = [ipykernel_launcher.__file__, *words]
    IPKernelApp.launch_instance()


class _Process:
    """A child by the names that jupyter_client knows of a process it has started."""

    stdin = stdout = stderr = None

    def __init__(self, zygote: Zygote, child: Child) -> None:
        self._zygote, self._child = zygote, child
        while child.process is None and not child.ended:
            zygote.notices(None)
        self.pid = child.process or 0

    def poll(self) -> int | None:
        while self._zygote.notices(0):
            pass
        return self._status()

    def wait(self) -> int | None:
        self._zygote.wait(self._child)
        return self._status()

    def _status(self) -> int | None:
        return self._child.exit_code if self._child.ended else None

    def send_signal(self, number: int) -> None:
        self._child.signal(number)


class ForkProvisioner(LocalProvisioner):
    """Where jupyter_client would start a process, has one forked."""

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> Any:
        """Fork the kernel; its memory is `kwargs["memory"]`."""
        zygote = client.mine()
        assert zygote is not None
        child = zygote.start(
            "riskkit.report.engine.sockets:serve",
            *cmd[cmd.index("-f") :],
            environment=kwargs["env"],
            folder=Path(kwargs["cwd"]),
            memory=kwargs.get("memory"),
        )
        process: Any = _Process(zygote, child)
        self.process, self.pid, self.pgid = process, process.pid, process.pid
        self.cwd = kwargs["cwd"]
        return self.connection_info


def manager(kernel_name: str) -> AsyncKernelManager:
    """A manager of kernels that are forked."""
    factory = KernelProvisionerFactory.instance()
    place = f"{__name__}:{ForkProvisioner.__name__}"
    factory.provisioners[_NAME] = EntryPoint(_NAME, place, factory.GROUP_NAME)
    made = AsyncKernelManager(kernel_name=kernel_name)
    spec = made.kernel_spec
    assert spec is not None
    spec.argv = make_ipkernel_cmd()
    spec.metadata = {**spec.metadata, "kernel_provisioner": {"provisioner_name": _NAME}}
    return made
