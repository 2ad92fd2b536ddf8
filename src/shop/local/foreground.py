"""Staying with the shop until it is told to stop."""

import asyncio

from shop.local.stack import Stack
from shop.local.state import Member

_LOOK_EVERY_S = 0.5


async def stay(stack: Stack) -> int:
    """Say when a member dies; return when the shop was stopped, by a signal here or elsewhere."""
    print("\nCtrl-C stops everything", flush=True)
    dead: set[str] = set()
    try:
        while members := stack.members():
            for member in members:
                if not member.alive and member.id not in dead:
                    _tell(member)
                    dead.add(member.id)
            await asyncio.sleep(_LOOK_EVERY_S)
    except asyncio.CancelledError:
        print("Stopping", flush=True)
        await stack.down()
    return 0


def _tell(member: Member) -> None:
    print(f"{member.id} has ended; its log is {member.log}. `up` brings it back.", flush=True)
