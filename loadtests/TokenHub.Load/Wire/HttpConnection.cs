using System.Net;
using System.Net.Sockets;
using System.Text;
using TokenHub.MockUpstream.Formats;

namespace TokenHub.Load.Wire;

/// <summary>One keep-alive connection on a bare socket: a call at a time, nothing allocated per chunk.</summary>
internal sealed class HttpConnection(IPEndPoint endpoint, int bufferBytes) : IDisposable
{
    private const int ErrorTextMax = 400;
    private readonly byte[] _buffer = new byte[bufferBytes];
    private Socket? _socket;
    private int _start;
    private int _end;

    public async ValueTask ConnectAsync()
    {
        _socket?.Dispose();
        _start = _end = 0;
        _socket = new Socket(endpoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await _socket.ConnectAsync(endpoint);
    }

    /// <summary>
    /// Sends a request and takes its answer. An answer other than 200 comes back as its status and text.
    /// </summary>
    public async ValueTask<CallResult> CallAsync(ReadOnlyMemory<byte> request, IBodySink sink)
    {
        if (_socket is null)
        {
            await ConnectAsync();
        }

        var startNs = Stamps.NowNs();
        await SendAsync(request);
        int headLength;
        while ((headLength = HttpHead.Length(_buffer.AsSpan(_start, _end - _start))) == 0)
        {
            await ReceiveAsync();
        }

        var head = HttpHead.Parse(_buffer.AsSpan(_start, headLength));
        _start += headLength;
        var errors = head.Status == 200 ? null : new ErrorText();
        await ReadBodyAsync(head, errors ?? sink);
        if (head.IsLast)
        {
            Dispose();
        }

        return new CallResult(head.Status, startNs, Stamps.NowNs(), errors?.ToString());
    }

    /// <summary>Breaks off whatever is under way.</summary>
    public void Dispose()
    {
        _socket?.Dispose();
        _socket = null;
    }

    private async ValueTask ReadBodyAsync(HttpHead head, IBodySink sink)
    {
        var decoder = new BodyDecoder(head);
        var nowNs = Stamps.NowNs();
        while (true)
        {
            _start += decoder.Take(_buffer.AsSpan(_start, _end - _start), sink, nowNs);
            if (decoder.IsDone)
            {
                return;
            }

            try
            {
                await ReceiveAsync();
            }
            catch (EndOfStreamException) when (decoder.EndsWithConnection)
            {
                return;
            }

            nowNs = Stamps.NowNs();
        }
    }

    private async ValueTask SendAsync(ReadOnlyMemory<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            bytes = bytes[await Open().SendAsync(bytes, SocketFlags.None)..];
        }
    }

    private async ValueTask ReceiveAsync()
    {
        if (_start == _end)
        {
            _start = _end = 0;
        }
        else if (_end == _buffer.Length)
        {
            if (_start == 0)
            {
                throw new InvalidDataException("The answer's head is longer than the buffer.");
            }

            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            (_start, _end) = (0, _end - _start);
        }

        var count = await Open().ReceiveAsync(_buffer.AsMemory(_end), SocketFlags.None);
        _end += count > 0 ? count : throw new EndOfStreamException("The connection ended in the middle of an answer.");
    }

    private Socket Open() => _socket ?? throw new SocketException((int)SocketError.OperationAborted);

    private sealed class ErrorText : IBodySink
    {
        private readonly StringBuilder _text = new();

        public void Take(ReadOnlySpan<byte> bytes, long nowNs)
        {
            if (_text.Length < ErrorTextMax)
            {
                _text.Append(Encoding.UTF8.GetString(bytes));
            }
        }

        public override string ToString() => _text.ToString(0, Math.Min(_text.Length, ErrorTextMax));
    }
}

/// <summary>What came of a call.</summary>
internal readonly record struct CallResult(int Status, long StartNs, long EndNs, string? ErrorText);
