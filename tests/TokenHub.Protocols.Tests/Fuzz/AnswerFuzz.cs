using System.Buffers;
using TokenHub.Core.Snapshots;
using TokenHub.Protocols.Chat;
using TokenHub.Protocols.Codecs;
using TokenHub.Protocols.Errors;
using TokenHub.Protocols.Streams;
using TokenHub.Protocols.Tests.Codecs;

namespace TokenHub.Protocols.Tests.Fuzz;

/// <summary>
/// A spoilt answer, cut anywhere, through its meter and its decoder into an encoder of any dialect, stream or body, to
/// any of the ends. What is written has to be sound.
/// </summary>
internal sealed class AnswerFuzz(Dialect upstream) : IFuzzCase
{
    private static readonly Dialect[] Clients = [Dialect.Chat, Dialect.Responses, Dialect.Anthropic, Dialect.Gemini];

    private readonly Mutator _mutator = new(FuzzCorpus.Answers(upstream));
    private readonly AnswerDecoder _decoder = DialectCodecs.Of(upstream).NewDecoder();
    private readonly AnswerReader _meter = AnswerReader.Create(upstream, isStream: true);
    private readonly AnswerEncoder[] _streams = Array.ConvertAll(Clients, to => DialectCodecs.Of(to).NewStreamEncoder!());
    private readonly AnswerEncoder[] _bodies = Array.ConvertAll(Clients, to => DialectCodecs.Of(to).NewBodyEncoder!());
    private readonly AnswerReader[] _checks = Array.ConvertAll(Clients, to => AnswerReader.Create(to, isStream: true));
    private readonly ToolBook[][] _tools = Array.ConvertAll(Clients, RequestFuzz.ToolBooks);
    private readonly ArrayBufferWriter<byte> _output = new(256 << 10);

    private enum End
    {
        Finish,
        Funds,
        Failure,
    }

    public byte[] Make(Random random) => _mutator.Next(random, isStream: true);

    public bool Play(byte[] bytes, Random random)
    {
        var to = random.Next(Clients.Length);
        var isStream = random.Next(3) > 0;
        var encoder = isStream ? _streams[to] : _bodies[to];
        var context = new AnswerContext
        {
            RequestId = "R1",
            Model = "m \"\u00e9\"",
            Upstream = upstream,
            UpstreamModel = "claude-x",
            CreatedSeconds = 1_700_000_000,
            InputEstimate = 11,
            IncludeUsage = random.Next(2) == 0,
            IsArray = isStream && Clients[to] == Dialect.Gemini && random.Next(2) == 0,
            ToolBook = _tools[to][random.Next(_tools[to].Length)],
        };
        var end = (End)Math.Max(0, random.Next(5) - 2);
        _output.ResetWrittenCount();
        Feed(encoder, context, Mutator.Cut(bytes, random), end);
        Check(to, isStream, context.IsArray, end);
        return _meter.HasContent;
    }

    private void Feed(AnswerEncoder encoder, AnswerContext context, List<ReadOnlyMemory<byte>> pieces, End end)
    {
        _meter.Reset();
        _decoder.Begin(context);
        encoder.Begin(context);
        encoder.WriteTo(_output);
        foreach (var piece in pieces)
        {
            _meter.Append(piece.Span);
            _decoder.Append(piece.Span, encoder);
        }

        _meter.Complete();
        switch (end)
        {
            case End.Finish:
                _decoder.Complete(encoder);
                encoder.Finish(_meter.Usage ?? Codec.Usage);
                break;
            case End.Funds:
                encoder.FinishForFunds(_meter.Usage ?? Codec.Usage);
                break;
            default:
                encoder.Fail(ApiError.Of(upstream, ErrorKind.BadGateway, "It \"broke\" off.", "R1"));
                break;
        }
    }

    private void Check(int to, bool isStream, bool isArray, End end)
    {
        var written = _output.WrittenMemory;
        if (isArray || !isStream)
        {
            SoundOutput.AssertDocument(written.Span);
        }
        else
        {
            SoundOutput.AssertStream(written.Span, isBareLast: Clients[to] == Dialect.Gemini && end == End.Failure);
        }

        var check = _checks[to];
        check.Reset();
        check.Append(written.Span);
        check.Complete();
        Assert.True(
            (check.Faults & (StreamFaults.Malformed | StreamFaults.Restarted)) == 0 && (check.IsTerminal || check.HasError),
            $"{Clients[to]}: {check.Faults}, {(check.IsTerminal ? "ended" : "without end")}:\n"
            + System.Text.Encoding.UTF8.GetString(written.Span));
        Assert.True(end != End.Failure || check.HasError, "A failure looks like an end.");
    }
}
