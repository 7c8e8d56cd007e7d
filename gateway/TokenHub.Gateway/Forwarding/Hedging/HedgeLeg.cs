using System.Runtime.ExceptionServices;
using TokenHub.Gateway.Channels.Circuits;
using TokenHub.Gateway.Errors;
using TokenHub.Gateway.Forwarding.Attempts;
using TokenHub.Gateway.Forwarding.Upstreams;
using TokenHub.Protocols.Codecs;
using TokenHub.Protocols.Streams;

namespace TokenHub.Gateway.Forwarding.Hedging;

/// <summary>
/// One of two attempts that race for the first content. It shares nothing of the exchange while it runs: it reads its
/// answer into memory of its own, up to the first content, and what it read is played to the ordinary pump when it has
/// won, or when there is nobody else.
/// </summary>
internal sealed class HedgeLeg(
    Exchange exchange, AttemptRunner runner, GatewayOptions options, Place place, Candidate candidate,
    CancellationTokenSource stop, long startedAt) : IDisposable
{
    private const int ReadBytes = 4 << 10;
    private readonly BufferLease _written = new();
    private readonly BufferLease _read = new();
    private UpstreamAnswer? _answer;
    private Exception? _failure;
    private AnswerContext? _crossing;
    private string _dropped = "";
    private ReadOnlyMemory<byte> _body;

    public Place Place => place;

    public Candidate Candidate => candidate;

    public CancellationTokenSource Stop => stop;

    public CircuitEntry Entry { get; init; }

    public long StartedAt => startedAt;

    /// <summary>Its answer has something for the client.</summary>
    public bool HasContent { get; private set; }

    /// <summary>Done when there is content, or none will come. Never fails.</summary>
    public Task Running { get; private set; } = Task.CompletedTask;

    /// <summary>What it has read so far; only to be looked at when it no longer runs.</summary>
    public ReadOnlySpan<byte> Read => _read.Span;

    public int Status => _answer?.Status ?? 0;

    /// <summary>Writes the request while the exchange is turned to this channel.</summary>
    public async ValueTask<GatewayError> PrepareAsync()
    {
        var error = await runner.WriteAsync(exchange, candidate, _written, stop.Token);
        if (error.IsNone)
        {
            _body = UpstreamRequest.BodyOf(exchange, candidate, _written);
            (_crossing, _dropped) = (exchange.Crossing, exchange.Dropped);
        }

        return error;
    }

    /// <summary>Sends the request. The exchange is still turned to this channel.</summary>
    public void Start() => Running = RunAsync(
        runner.SendAsync(exchange, candidate, _body, stop.Token),
        AnswerReader.Create(exchange.UpstreamDialect, isStream: true),
        exchange.IsUpstreamArray);

    /// <summary>From now on the exchange speaks to this channel again.</summary>
    public void TurnTo() => exchange.TurnTo(candidate, _crossing, _dropped);

    /// <summary>The answer, with what was read of it before what is to come. Throws what kept it from coming.</summary>
    public UpstreamAnswer TakeAnswer()
    {
        if (_failure is not null)
        {
            ExceptionDispatchInfo.Throw(_failure);
        }

        var answer = _answer!;
        _answer = null;
        answer.PutBack(_read);
        return answer;
    }

    /// <summary>Only when it no longer runs.</summary>
    public void Dispose()
    {
        _answer?.Dispose();
        _written.Dispose();
        _read.Dispose();
    }

    private async Task RunAsync(ValueTask<UpstreamAnswer> sending, AnswerReader reader, bool isArray)
    {
        try
        {
            _answer = await sending;
            if (!_answer.IsSuccess)
            {
                return;
            }

            // An answer in one piece is there when its head is.
            HasContent = !AttemptRunner.IsStreamed(_answer, isStream: true, isArray);
            while (!HasContent && !reader.HasError && _read.Length < options.HeldBackBytesMax)
            {
                var memory = _read.GetMemory(ReadBytes);
                var count = await _answer.ReadAsync(memory);
                if (count == 0)
                {
                    break;
                }

                _read.Advance(count);
                reader.Append(memory.Span[..count]);
                HasContent = reader.HasContent && !reader.HasError;
            }
        }
        catch (Exception error) when (error is not OutOfMemoryException)
        {
            // What fails in reading fails again when it is read on from here; only a missing answer has to be kept.
            _failure = _answer is null ? error : null;
        }
    }
}
