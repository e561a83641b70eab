"""Home Assistant's ingress, its own code, before an app: ingress.py PORT_OF_THE_APP ADDRESS_OF_THE_SUPERVISOR.

The Supervisor's part, which no package has, is a stand-in: it takes the path after /ingress/TOKEN/ and hands on, from its
own address, what it is asked and what it is told (supervisor/api/ingress.py), streams piece by piece and uncompressed.
"""

import asyncio
import sys

import aiohttp
from aiohttp import ClientTimeout, TCPConnector, hdrs, web
from homeassistant.components.hassio.ingress import HassIOIngress

NOT_HANDED_ON = {hdrs.CONTENT_LENGTH, hdrs.TRANSFER_ENCODING, hdrs.CONTENT_ENCODING}


def handed_on(headers):
    return {name: value for name, value in headers.items() if name.title() not in NOT_HANDED_ON}


async def listen(app):
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    return runner.addresses[0][1]


async def main(port, address):
    to_app = aiohttp.ClientSession(
        connector=TCPConnector(local_addr=(address, 0)), auto_decompress=False
    )

    async def supervisor(request):
        async with to_app.request(
            request.method,
            f"http://127.0.0.1:{port}/{request.match_info['path']}",
            headers=handed_on(request.headers),
            params=request.query,
            allow_redirects=False,
            data=await request.read(),
            timeout=ClientTimeout(total=None),
        ) as told:
            if hdrs.CONTENT_LENGTH in told.headers:
                body = await told.read()
                return web.Response(status=told.status, headers=handed_on(told.headers), body=body)
            response = web.StreamResponse(status=told.status, headers=handed_on(told.headers))
            response.headers["X-Accel-Buffering"] = "no"
            try:
                await response.prepare(request)
                async for data, _ in told.content.iter_chunks():
                    await response.write(data)
            except (aiohttp.ClientError, ConnectionError):
                pass  # one of both left
            return response

    app = web.Application()
    app.router.add_route("*", "/ingress/{token}/{path:.*}", supervisor)
    supervisor_port = await listen(app)

    view = HassIOIngress(f"127.0.0.1:{supervisor_port}", aiohttp.ClientSession())

    async def ingress(request):
        return await view.get(request, **request.match_info)

    core = web.Application()
    core.router.add_route("*", view.url, ingress)
    print(await listen(core), flush=True)
    await asyncio.Event().wait()


asyncio.run(main(int(sys.argv[1]), sys.argv[2]))
