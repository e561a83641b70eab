// Where another site's link led here, the browser keeps its login from us; what we ask ourselves brings it along.
const KEY = 'broute2mqtt-login';
const AGAIN_MS = 10_000;

const response = await fetch('api/status').catch(() => undefined);
if (response?.ok && Date.now() - Number(sessionStorage.getItem(KEY)) > AGAIN_MS) {
  sessionStorage.setItem(KEY, String(Date.now())); // never round and round
  location.replace(location.pathname.endsWith('/login') ? `./${location.search}` : location.href);
}
