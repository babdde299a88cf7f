"""kubernetes_server.py ADDRESS-FILE [CERTIFICATE KEY]: an API server of Kubernetes for tests of the driver, until SIGTERM.

kmock (PyPI) is the server: paths, objects, lists, watches, merge patches, deletion with finalizers. Added here is what a
cluster does beside its API server, and what kmock leaves out:

  versions     metadata.resourceVersion and uid; a write over another's change is refused with 409
  scale        the subresource of deployments and stateful sets
  controllers  a deployment has as many pods as its scale says; too many: pods that are not ready go first, then those
               with the lowest pod-deletion-cost, then the newest (as ReplicaSets choose)
  kubelet      a pod runs a moment after it was made; a deleted one ends with status 0 (killed: 137) and is gone
  faults       POST /_control/...: what a test wants to go wrong

The address (http://127.0.0.1:PORT) is written to ADDRESS-FILE, which may be a named pipe; with a certificate, a space and
a second address (https://...) follow, where the same server is reached by TLS.
"""

import asyncio
import collections
import itertools
import signal
import ssl
import sys
import uuid

import aiohttp.web
import kmock
from kmock._internal import apps, k8s  # what the package's pytest fixture serves, without pytest

FINALIZER = "spate.test/kubelet"
COST = "controller.kubernetes.io/pod-deletion-cost"


class Cluster(k8s.KubernetesEmulator):
    def __attrs_post_init__(self):
        super().__attrs_post_init__()
        object.__setattr__(self, "more", More())
        for name in ["faults", "crash", "cut", "bookmark", "token", "requests", "obey"]:
            self[f"post /_control/{name}"] << getattr(self, "control_" + name)
        self[kmock.subresource("scale")] << self.serve_scale

    # --- versions and faults, before kmock sees the request

    async def _handle(self, request):
        try:
            return await self.handle(request)
        finally:
            # kmock keeps every request and looks through all of them for each new one; nobody asks for them here.
            self._requests[:] = [other for other in self._requests if other is not request]

    async def handle(self, request):
        more = self.more
        if not request.url.path.startswith("/_control"):
            more.log[request.namespace].append(
                {"method": request.method.value, "path": str(request.url.relative()),
                 "token": request.headers.get("Authorization"), "body": request.data})
            if more.token is not None and request.headers.get("Authorization") != f"Bearer {more.token}" \
                    and "X-Inside" not in request.headers:
                return refusal(401, "Unauthorized", "the token is not known")
            for fault in list(more.faults):
                if fault["method"] == request.method.value and fault["path"] in str(request.url.relative()) \
                        and (fault.get("status") or fault.get("delay")):
                    more.use(fault)
                    if fault.get("delay"):
                        await asyncio.sleep(fault["delay"])
                        break
                    return refusal(fault["status"], fault.get("reason", "Injected"), "injected by the test")
        if request.action in (kmock.action.CREATE, kmock.action.UPDATE) and request.resource is not None:
            response = self.prepare(request)
            if response is not None:
                return response
        if request.action == kmock.action.DELETE and request.name is not None:
            response = self.check_deletion(request)
            if response is not None:
                return response
        response = await super()._handle(request)
        if request.action in (kmock.action.UPDATE, kmock.action.DELETE) and request.resource.plural != "leases":
            asyncio.ensure_future(self.control_loop(request))
        return response

    def prepare(self, request):
        data = request.data
        meta = data.setdefault("metadata", {})
        if request.action == kmock.action.UPDATE:
            known = self.objects[request.resource, request.namespace, request.name] \
                if (request.resource, request.namespace, request.name) in self.objects else None
            if known is not None and not known.deleted:
                stored = known.raw.get("metadata", {}).get("resourceVersion")
                if meta.get("resourceVersion") not in (None, stored):
                    return refusal(409, "Conflict", "the object has been modified; please apply your changes to the "
                                                    "latest version and try again")
        else:
            meta.setdefault("namespace", request.namespace)
            meta["uid"] = str(uuid.uuid4())
        meta["resourceVersion"] = str(next(self.more.versions))
        return None

    def check_deletion(self, request):
        uid = ((request.data or {}).get("preconditions") or {}).get("uid")
        key = (request.resource, request.namespace, request.name)
        if uid and key in self.objects and not self.objects[key].deleted \
                and self.objects[key].raw["metadata"].get("uid") != uid:
            return refusal(409, "Conflict", "the uid in the precondition is not that of the object")
        return None

    async def _serve_version(self, request):
        result = await super()._serve_version(request)
        # kmock says "/v1" for the core group, which kubectl does not know.
        result["groupVersion"] = result["groupVersion"].lstrip("/")
        return result

    # --- scale

    async def serve_scale(self, request):
        key = (request.resource, request.namespace, request.name)
        if key not in self.objects or self.objects[key].deleted:
            raise k8s.KubernetesObjectNotFoundError()
        found = self.objects[key].raw
        return {
            "apiVersion": "autoscaling/v1", "kind": "Scale",
            "metadata": {key: found["metadata"][key] for key in ("name", "namespace", "uid", "resourceVersion")},
            "spec": {"replicas": found["spec"]["replicas"]},
            "status": {"replicas": found["spec"]["replicas"], "selector": "app=" + request.name},
        }

    # --- lists and watches

    async def _serve_list(self, request):
        result = await super()._serve_list(request)
        result["metadata"]["resourceVersion"] = str(next(self.more.versions))
        return result

    async def _serve_watch(self, request):
        more = self.more
        yield b""
        for fault in list(more.faults):
            if fault["path"] == "watch" and fault.get("event"):
                more.use(fault)
                yield fault["event"]
                return
        queue = asyncio.Queue()
        more.watches[request.namespace].add(queue)
        reader = asyncio.ensure_future(pump(super()._serve_watch(request), queue))
        try:
            while True:
                item = await queue.get()
                if item == "cut":
                    request._raw_request.transport.abort()
                    return
                if item == "end":
                    return
                if item:
                    yield item
        finally:
            reader.cancel()
            more.watches[request.namespace].discard(queue)

    # --- controllers and kubelet

    async def control_loop(self, request):
        namespace = request.namespace
        async with self.more.locks[namespace]:
            if self.more.is_ending:
                return
            if request.resource.plural == "pods" and request.action == kmock.action.DELETE:
                await self.end_pod(namespace, request.name, (request.data or {}).get("gracePeriodSeconds") == 0)
            await self.reconcile(namespace)

    async def reconcile(self, namespace):
        for (resource, where, name), found in list(self.objects.items()):
            if resource.plural == "deployments" and where == namespace and not found.deleted:
                await self.scale_to(namespace, name, found.raw["spec"]["replicas"])

    async def scale_to(self, namespace, app, wanted):
        pods = [pod for pod in self.pods(namespace, app) if "deletionTimestamp" not in pod["metadata"]]
        for _ in range(wanted - len(pods)):
            await self.make_pod(namespace, app)
        pods.sort(key=lambda pod: (
            pod["status"].get("phase") == "Running",
            int((pod["metadata"].get("annotations") or {}).get(COST, "0")),
            -int(pod["metadata"]["labels"]["made"])))
        for pod in pods[: max(len(pods) - wanted, 0)]:
            await self.call("DELETE", f"/api/v1/namespaces/{namespace}/pods/{pod['metadata']['name']}", {})

    def pods(self, namespace, app):
        return [found.raw for (resource, where, _), found in self.objects.items()
                if resource.plural == "pods" and where == namespace and not found.deleted
                and found.raw["metadata"].get("labels", {}).get("app") == app]

    async def make_pod(self, namespace, app):
        made = next(self.more.made)
        name = f"{app}-6f{uuid.uuid4().hex[:4]}-{uuid.uuid4().hex[:5]}"
        await self.call("POST", f"/api/v1/namespaces/{namespace}/pods", {
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": name, "namespace": namespace, "labels": {"app": app, "made": str(made)},
                         "finalizers": [FINALIZER]},
            "spec": {}, "status": {"phase": "Pending"}})
        if app not in self.more.stuck:
            await self.patch_status(namespace, name, "Running", {"running": {}}, restarts=0)
        else:
            await self.patch_status(namespace, name, "Pending", {"waiting": {
                "reason": "ImagePullBackOff", "message": "Back-off pulling image \"nowhere\""}}, restarts=0)

    async def patch_status(self, namespace, name, phase, state, restarts, last=None):
        await self.call("PATCH", f"/api/v1/namespaces/{namespace}/pods/{name}", {"status": {
            "phase": phase, "containerStatuses": [{
                "name": "worker", "ready": "running" in state, "restartCount": restarts, "state": state,
                "lastState": last or {}}]}})

    async def end_pod(self, namespace, name, is_killed):
        key = next((key for key in self.objects.keys() if key[0].plural == "pods" and key[1:] == (namespace, name)), None)
        if key is None or self.objects[key].deleted:
            return
        waits = "waiting" in (self.objects[key].raw["status"].get("containerStatuses") or [{}])[0].get("state", {})
        if not waits:
            code = 137 if is_killed else 0
            await self.patch_status(namespace, name, "Failed" if code else "Succeeded", {"terminated": {
                "exitCode": code, "reason": "Error" if code else "Completed"}}, restarts=0)
        await self.call("PATCH", f"/api/v1/namespaces/{namespace}/pods/{name}", {"metadata": {"finalizers": []}})

    async def call(self, method, path, data):
        if self.more.is_ending:
            return
        async with self.more.client.request(method, self.more.url + path, json=data,
                                            headers={"X-Inside": "1"}) as response:
            if response.status >= 300:
                print("inside:", method, path, response.status, await response.text(), file=sys.stderr)

    # --- what tests ask for

    async def control_faults(self, request):
        """{"method", "path", "status" | "event" | "delay", "count"}: the next requests like that are refused, or late."""
        self.more.faults.append({"count": 1, **request.data})
        return {}

    async def control_crash(self, request):
        """{"namespace", "pod", "message"}: its container dies of SIGKILL and is restarted a moment later."""
        where, pod = request.data["namespace"], request.data["pod"]
        restarts = request.data.get("restarts", 0)
        ended = {"terminated": {"exitCode": 137, "reason": request.data.get("reason", "Error"),
                                "message": request.data.get("message", "")}}
        if not request.data.get("isMissed"):
            await self.patch_status(where, pod, "Running", ended, restarts=restarts)
        await self.patch_status(where, pod, "Running", {"running": {}}, restarts=restarts + 1, last=ended)
        return {}

    async def control_cut(self, request):
        """{"namespace", "how": "cut" | "end"}: the watches break off, or end in good order."""
        watches = list(self.more.watches[request.data["namespace"]])
        for queue in watches:
            queue.put_nowait(request.data.get("how", "cut"))
        return {"watches": len(watches)}

    async def control_bookmark(self, request):
        for queue in list(self.more.watches[request.data["namespace"]]):
            queue.put_nowait({"type": "BOOKMARK", "object": {"metadata": {
                "resourceVersion": request.data["version"]}}})
        return {}

    async def control_token(self, request):
        """{"token"}: the only one that is taken from now on; null: any."""
        self.more.token = request.data["token"]
        return {}

    async def control_requests(self, request):
        """{"namespace"}: the requests so far."""
        return {"requests": self.more.log[request.data["namespace"]]}

    async def control_obey(self, request):
        """{"app", "isStuck"}: new pods of it cannot pull their image."""
        (self.more.stuck.add if request.data["isStuck"] else self.more.stuck.discard)(request.data["app"])
        return {}


class More:
    """What the cluster knows beside kmock."""

    def __init__(self):
        self.versions = itertools.count(1000)
        self.made = itertools.count()
        self.faults = []
        self.token = None
        self.stuck = set()
        self.log = collections.defaultdict(list)
        self.watches = collections.defaultdict(set)
        self.locks = collections.defaultdict(asyncio.Lock)
        self.client = None
        self.url = ""
        self.is_ending = False

    def use(self, fault):
        fault["count"] -= 1
        if fault["count"] <= 0:
            self.faults.remove(fault)


async def pump(stream, queue):
    async for item in stream:
        queue.put_nowait(item)


def refusal(status, reason, message):
    return aiohttp.web.json_response(
        {"apiVersion": "v1", "kind": "Status", "status": "Failure", "code": status, "reason": reason,
         "message": message}, status=status)


async def tls_front(port, certificate, key):
    """Takes TLS and passes the bytes on. - Returns the server."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)

    async def copy(reader, writer):
        try:
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        except (ConnectionError, ssl.SSLError):
            pass
        finally:
            writer.close()

    async def serve(reader, writer):
        inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(copy(reader, inner_writer), copy(inner_reader, writer), return_exceptions=True)

    return await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)


async def main(address, certificate=None, key=None):
    end = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end.set)
    async with Cluster(limit=None) as cluster, apps.Server(cluster) as server:
        cluster.more.url = str(server.url).rstrip("/")
        # What a server of Kubernetes knows by itself: lists of kinds that nobody has made yet are empty.
        cluster.resources.load_bundled()
        async with aiohttp.ClientSession() as client:
            cluster.more.client = client
            addresses = [cluster.more.url]
            if certificate:
                front = await tls_front(server.url.port, certificate, key)
                addresses.append("https://127.0.0.1:%d" % front.sockets[0].getsockname()[1])
            with open(address, "w") as file:
                file.write(" ".join(addresses) + "\n")
            await end.wait()
            cluster.more.is_ending = True


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
