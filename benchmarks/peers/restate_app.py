# pyright: basic, reportMissingImports=false
"""A service of Restate: three durable steps inside one handler. Runs in the peers' environment, without Amends."""

import restate

service = restate.Service("three_steps")


def step(number: int) -> dict:
    return {"number": number, "padding": "y" * 150}


@service.handler()
async def run(ctx: restate.Context, order: dict) -> int:
    one = await ctx.run_typed("first", step, number=order["number"])
    two = await ctx.run_typed("second", step, number=one["number"])
    three = await ctx.run_typed("third", step, number=two["number"])
    return three["number"]


app = restate.app([service])
