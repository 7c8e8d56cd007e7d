using System.IO.Pipelines;
using System.Threading.Tasks.Sources;
using TokenHub.MockUpstream.Formats;

namespace TokenHub.MockUpstream.Pacing;

/// <summary>
/// One stream that is driven by the wheel: a chunk is written and sent on the wheel's thread, at its own time counted
/// from the start, so that delays do not add up. Used again for the next request of the same connection.
/// </summary>
internal sealed class PacedStream(TimerWheel wheel, MockStats stats) : WheelEntry, IValueTaskSource<bool>
{
    private ManualResetValueTaskSourceCore<bool> _done;
    private MockAnswer _answer = null!;
    private PipeWriter _writer = null!;
    private CancellationToken _gone;
    private long _startMs;
    private int _next;

    /// <summary>
    /// Runs the stream; true when all of it was sent, false when the client left or the script cuts it.
    /// </summary>
    public ValueTask<bool> RunAsync(MockAnswer answer, PipeWriter writer, CancellationToken gone)
    {
        (_answer, _writer, _gone) = (answer, writer, gone);
        _next = 0;
        _done.Reset();
        _startMs = TimerWheel.NowMs() + answer.Script.FirstMs;
        StreamWriting.Begin(writer, answer);
        Send();
        return new ValueTask<bool>(this, _done.Version);
    }

    public override void Fire()
    {
        if (_gone.IsCancellationRequested)
        {
            _done.SetResult(false);
            return;
        }

        try
        {
            StreamWriting.Chunk(_writer, _answer, _next++);
            stats.Served(_answer.Dialect, tokens: 1);
            Send();
        }
        catch (Exception error) when (error is OperationCanceledException or InvalidOperationException or IOException)
        {
            _done.SetResult(false);
        }
    }

    bool IValueTaskSource<bool>.GetResult(short token) => _done.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource<bool>.GetStatus(short token) => _done.GetStatus(token);

    void IValueTaskSource<bool>.OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _done.OnCompleted(continuation, state, token, flags);

    // Sends what was written, and sees to what comes next once it went out.
    private void Send()
    {
        if (_next == _answer.Script.Chunks)
        {
            StreamWriting.Finish(_writer, _answer);
        }

        var flush = _writer.FlushAsync(CancellationToken.None);
        if (flush.IsCompletedSuccessfully)
        {
            AfterFlush(flush.Result.IsCompleted);
        }
        else
        {
            _ = SendSlowAsync(flush);
        }
    }

    // The reader lags behind: the next chunk waits until this one is out.
    private async Task SendSlowAsync(ValueTask<FlushResult> flush)
    {
        try
        {
            AfterFlush((await flush).IsCompleted);
        }
        catch (Exception error) when (error is OperationCanceledException or IOException)
        {
            AfterFlush(isGone: true);
        }
    }

    private void AfterFlush(bool isGone)
    {
        var script = _answer.Script;
        if (isGone || _next == script.CutAfter)
        {
            _done.SetResult(false);
        }
        else if (_next == script.Chunks)
        {
            _done.SetResult(true);
        }
        else
        {
            wheel.Add(this, _startMs + ((long)_next * script.GapMs));
        }
    }
}
