"""Headless Chromium for tests of pages, by its debugging protocol over two pipes. Needs Python's library alone."""
import base64
import fcntl
import json
import os
import shutil
import subprocess
import tempfile


def find():
    """The path of a Chromium, or None."""
    for name in (os.environ.get('BASIN_CHROMIUM'), 'chromium', 'chromium-browser', 'google-chrome'):
        if name and shutil.which(name):
            return shutil.which(name)
    return None


class Page:
    """One page in a browser of its own.

        with Page(find()) as page:
            page.size(390, 844)
            page.open('/path/report.html')
            print(page.run('document.title'))
    """

    def __init__(self, program):
        self._folder = tempfile.TemporaryDirectory(prefix='basin-chromium-')
        # Chromium reads commands from descriptor 3 and writes answers to 4.
        command_read, self._write = os.pipe()
        self._read, answer_write = os.pipe()
        command_read, answer_write = (fcntl.fcntl(fd, fcntl.F_DUPFD, 10) for fd in (command_read, answer_write))

        def wire():
            os.dup2(command_read, 3)
            os.dup2(answer_write, 4)

        self._process = subprocess.Popen(
            [program, '--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run',
             '--disable-background-networking', '--disable-component-update', '--disable-sync', '--disable-quic',
             '--hide-scrollbars', '--force-color-profile=srgb', '--user-data-dir=' + self._folder.name,
             '--remote-debugging-pipe'],
            preexec_fn=wire, close_fds=False, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        for fd in (command_read, answer_write):
            os.close(fd)
        self._buffer = b''
        self._count = 0
        self._session = None
        self.events = []
        target = self.call('Target.createTarget', url='about:blank')['targetId']
        self._session = self.call('Target.attachToTarget', targetId=target, flatten=True)['sessionId']
        for domain in ('Page', 'Runtime', 'Log', 'Network'):
            self.call(domain + '.enable')

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.terminate()
        self._process.wait()
        os.close(self._read)
        os.close(self._write)
        self._folder.cleanup()

    def _message(self):
        while b'\0' not in self._buffer:
            chunk = os.read(self._read, 1 << 20)
            if not chunk:
                raise RuntimeError('Chromium ended')
            self._buffer += chunk
        message, self._buffer = self._buffer.split(b'\0', 1)
        return json.loads(message)

    def call(self, method, **parameters):
        """A command of the protocol, and its result; events that come meanwhile are kept."""
        self._count += 1
        command = {'id': self._count, 'method': method, 'params': parameters}
        if self._session:
            command['sessionId'] = self._session
        data = json.dumps(command).encode() + b'\0'
        while data:
            data = data[os.write(self._write, data):]
        while True:
            message = self._message()
            if message.get('id') == self._count:
                if 'error' in message:
                    raise RuntimeError(f'{method}: {message["error"]}')
                return message['result']
            if 'method' in message:
                self.events.append(message)

    def open(self, file):
        """Opens a file and waits until it is loaded. What happened before is forgotten."""
        self.events.clear()
        self.call('Page.navigate', url='file://' + os.path.abspath(file))
        while not any(e['method'] == 'Page.loadEventFired' for e in self.events):
            message = self._message()
            if 'method' in message:
                self.events.append(message)

    def run(self, script):
        """The value of a JavaScript expression, awaited."""
        answer = self.call('Runtime.evaluate', expression=script, awaitPromise=True, returnByValue=True)
        if 'exceptionDetails' in answer:
            details = answer['exceptionDetails']
            raise RuntimeError(details.get('exception', {}).get('description', details['text']))
        return answer['result'].get('value')

    def size(self, width, height):
        self.call('Emulation.setDeviceMetricsOverride', width=width, height=height, deviceScaleFactor=1,
                  mobile=width < 600)

    def media(self, scheme='light', kind='screen'):
        self.call('Emulation.setEmulatedMedia', media=kind,
                  features=[{'name': 'prefers-color-scheme', 'value': scheme}])

    def scripts(self, allowed):
        self.call('Emulation.setScriptExecutionDisabled', value=not allowed)

    def move(self, x, y):
        self.call('Input.dispatchMouseEvent', type='mouseMoved', x=x, y=y)

    def click(self, x, y):
        self.move(x, y)
        for kind in ('mousePressed', 'mouseReleased'):
            self.call('Input.dispatchMouseEvent', type=kind, x=x, y=y, button='left', clickCount=1)

    def key(self, name, code):
        for kind in ('keyDown', 'keyUp'):
            self.call('Input.dispatchKeyEvent', type=kind, key=name, code=name, windowsVirtualKeyCode=code)

    def screenshot(self, file, whole=False):
        data = self.call('Page.captureScreenshot', format='png', captureBeyondViewport=whole)['data']
        with open(file, 'wb') as out:
            out.write(base64.b64decode(data))

    def pdf(self, file):
        data = self.call('Page.printToPDF', printBackground=True, preferCSSPageSize=True)['data']
        with open(file, 'wb') as out:
            out.write(base64.b64decode(data))

    def complaints(self):
        """What went wrong since the page was opened: exceptions, errors and warnings on the console."""
        found = []
        for e in self.events:
            p = e['params']
            if e['method'] == 'Runtime.exceptionThrown':
                found.append(p['exceptionDetails'].get('exception', {}).get('description', 'exception'))
            elif e['method'] == 'Runtime.consoleAPICalled' and p['type'] in ('error', 'warning', 'assert'):
                found.append(' '.join(str(a.get('value', a.get('description'))) for a in p['args']))
            elif e['method'] == 'Log.entryAdded' and p['entry']['level'] in ('error', 'warning'):
                found.append(p['entry']['text'])
        return found

    def requests(self):
        """The addresses that the page asked for."""
        return [e['params']['request']['url'] for e in self.events if e['method'] == 'Network.requestWillBeSent']
