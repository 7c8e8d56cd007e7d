using System.Diagnostics;
using System.Text;
using TokenHub.Redis.Connections;
using TokenHub.Redis.Resp;

namespace TokenHub.Redis.Tests.Connections;

/// <summary>How calls are gathered into writes, seen on a stream that the test drives by hand.</summary>
public sealed class RespConnectionTests : IDisposable
{
    private static readonly RespLimits Limits = new("test", 100, 5_000);
    private readonly RespCallPool _calls = new(continueInline: true);
    private readonly HandStream _stream = new();

    public void Dispose() => _stream.Dispose();

    [Fact]
    public async Task Call_on_an_idle_line_goes_out_at_once_and_those_during_a_write_go_together()
    {
        await using var connection = Open();

        Post(connection, "a");
        Post(connection, "b");
        Post(connection, "c");

        Assert.Equal(["a"], _stream.Writes);
        _stream.CompleteWrite();
        Assert.Equal(["a", "b c"], _stream.Writes);
        Post(connection, "d");
        _stream.CompleteWrite();
        Assert.Equal(["a", "b c", "d"], _stream.Writes);
        _stream.CompleteWrite();
        Post(connection, "e");
        Assert.Equal(["a", "b c", "d", "e"], _stream.Writes);
    }

    [Fact]
    public async Task Calls_begun_together_go_out_in_one_write_when_all_are_begun()
    {
        await using var connection = Open();
        using (SendTogether.Begin())
        {
            Post(connection, "a");
            Post(connection, "b");
            Post(connection, "c");
            Assert.Empty(_stream.Writes);
        }

        Assert.Equal(["a b c"], _stream.Writes);
        _stream.CompleteWrite();
        Post(connection, "d");
        Assert.Equal(["a b c", "d"], _stream.Writes);
    }

    [Fact]
    public async Task Calls_made_from_within_replies_go_out_together_after_the_last_of_them()
    {
        await using var connection = Open();
        var chains = new[] { ChainAsync(connection, "a", "x"), ChainAsync(connection, "b", "y") };
        _stream.CompleteWrite();
        _stream.CompleteWrite();
        Assert.Equal(["a", "b"], _stream.Writes);

        _stream.Receive("+1\r\n+2\r\n");

        Assert.Equal(["a", "b", "x y"], _stream.Writes);
        _stream.Receive("+3\r\n+4\r\n");
        Assert.Equal(["13", "24"], await Task.WhenAll(chains));
    }

    [Fact]
    public async Task Caller_continues_on_the_thread_that_received_the_reply()
    {
        await using var connection = Open();
        var thread = ThreadAfterAsync(connection);

        _stream.Receive("+OK\r\n");

        Assert.True(thread.IsCompletedSuccessfully);
        Assert.Equal(Environment.CurrentManagedThreadId, await thread);
    }

    [Fact]
    public async Task Reply_cut_anywhere_reaches_its_caller_whole()
    {
        const string Reply = "*3\r\n:1\r\n$5\r\nab\r\nc\r\n%1\r\n+k\r\n:2\r\n";
        await using var connection = Open();
        for (var cut = 1; cut < Reply.Length; cut++)
        {
            var call = Send(connection, "a");
            _stream.Receive(Reply[..cut]);
            Assert.False(call.IsCompleted);
            _stream.Receive(Reply[cut..]);
            using var reply = await call;
            Assert.Equal("1 ab\r\nc k 2", Model.ServerState.Text(reply));
            _stream.CompleteWrite();
        }
    }

    [Fact]
    public async Task End_of_the_connection_fails_every_open_call_and_refuses_new_ones()
    {
        await using var connection = Open();
        var open = Enumerable.Range(0, 10).Select(i => Send(connection, $"{i}").AsTask()).ToArray();

        _stream.Receive("");

        foreach (var call in open)
        {
            var error = await Assert.ThrowsAsync<RedisUnavailableException>(() => call);
            Assert.Equal(RedisFault.ConnectionLost, error.Fault);
        }

        Assert.IsType<EndOfStreamException>(await connection.Closed);
        var late = await Assert.ThrowsAsync<RedisUnavailableException>(async () => await Send(connection, "x"));
        Assert.Equal(RedisFault.NotConnected, late.Fault);
    }

    [Fact]
    public async Task Calls_are_used_again_once_caller_and_connection_let_go()
    {
        await using var connection = Open();
        var used = new HashSet<RespCall>();
        for (var i = 0; i < 20; i++)
        {
            var call = _calls.Rent(null).Add("a"u8);
            used.Add(call);
            var reply = call.Arm(long.MaxValue, CancellationToken.None);
            connection.Send(call);
            _stream.CompleteWrite();
            _stream.Receive("+OK\r\n");
            (await reply).Dispose();
        }

        Assert.Single(used);
    }

    [Fact]
    public async Task Call_that_expired_is_not_used_again_before_its_late_reply()
    {
        await using var connection = Open();
        var call = _calls.Rent(null).Add("a"u8);
        var reply = call.Arm(0, CancellationToken.None);
        connection.Send(call);

        connection.Tick(Environment.TickCount64);
        await Assert.ThrowsAsync<RedisUnavailableException>(async () => await reply);

        Assert.NotSame(call, _calls.Rent(null));
        _stream.Receive("+late\r\n");
        Assert.Same(call, _calls.Rent(null));
    }

    private RespConnection Open()
    {
        var connection = new RespConnection(_stream, Limits);
        connection.Start();
        return connection;
    }

    private ValueTask<RespReply> Send(RespConnection connection, string command)
    {
        var call = _calls.Rent(null).Add(command);
        var reply = call.Arm(long.MaxValue, CancellationToken.None);
        connection.Send(call);
        return reply;
    }

    private void Post(RespConnection connection, string command)
    {
        var call = _calls.Rent(null).Add(command);
        call.Disown();
        connection.Send(call);
    }

    private async Task<string> ChainAsync(RespConnection connection, string first, string second)
    {
        using var one = await Send(connection, first).ConfigureAwait(false);
        using var two = await Send(connection, second).ConfigureAwait(false);
        return Model.ServerState.Text(one) + Model.ServerState.Text(two);
    }

    private async Task<int> ThreadAfterAsync(RespConnection connection)
    {
        using var reply = await Send(connection, "a").ConfigureAwait(false);
        Assert.Contains("Dispatch", new StackTrace().ToString(), StringComparison.Ordinal);
        return Environment.CurrentManagedThreadId;
    }

    /// <summary>A line whose writes end, and whose bytes come, when the test says so.</summary>
    private sealed class HandStream : Stream
    {
        private TaskCompletionSource? _write;
        private TaskCompletionSource<byte[]> _read = new();
        private bool _isEnded;

        /// <summary>The commands of each write, without their framing.</summary>
        public List<string> Writes { get; } = [];

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position { get; set; }

        public void CompleteWrite()
        {
            var write = _write;
            _write = null;
            write?.SetResult();
        }

        public void Receive(string bytes)
        {
            var read = _read;
            _isEnded |= bytes.Length == 0;
            _read = new TaskCompletionSource<byte[]>();
            read.SetResult(Encoding.Latin1.GetBytes(bytes));
        }

        public override async ValueTask<int> ReadAsync(
            Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var bytes = _isEnded ? [] : await _read.Task.ConfigureAwait(false);
            bytes.CopyTo(buffer);
            return bytes.Length;
        }

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var lines = Encoding.Latin1.GetString(buffer.Span).Split("\r\n");
            Writes.Add(string.Join(' ', lines.Where(line => line.Length == 1)));
            _write = new TaskCompletionSource();
            return new ValueTask(_write.Task);
        }

        public override void Flush()
        {
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            _isEnded = true;
            _read.TrySetResult([]);
            base.Dispose(disposing);
        }
    }
}
