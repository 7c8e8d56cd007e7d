using System.Buffers;
using TokenHub.Core.Snapshots;
using TokenHub.Core.Usage;
using TokenHub.Gateway.Forwarding;
using TokenHub.Gateway.Forwarding.Translation;
using TokenHub.Protocols.Codecs;
using TokenHub.Protocols.Streams;

namespace TokenHub.Bench.Protocols;

/// <summary>
/// One stream as an upstream sends it, on its way to a client of another dialect and to one of its own: what the
/// gateway does with each read but reading, charging and sending.
/// </summary>
internal sealed class CrossedStream
{
    // The first pieces open the answer and its first block, the last ends both.
    private const int OpeningPieces = 2;

    private readonly byte[][] _pieces;
    private readonly AnswerReader _meter;
    private readonly AnswerTranslation _translation;
    private readonly AnswerContext _context;
    private readonly Action<OpaqueCatch>? _keep;
    private readonly ChatUsageFilter? _filter;
    private readonly ArrayBufferWriter<byte> _output = new(64 << 10);
    private EventEdge _edge;

    public CrossedStream(Dialect upstream, Dialect client)
    {
        (Upstream, Client) = (upstream, client);
        _pieces = Samples.Stream(upstream, includesUsage: true);

        // The cheapest counter of tokens: with any other, what is compared against costs more.
        _meter = AnswerReader.Create(upstream, isStream: true);
        _translation = new AnswerTranslation(
            DialectCodecs.Of(upstream).NewDecoder(), DialectCodecs.Of(client).NewStreamEncoder!());
        _context = new AnswerContext
        {
            RequestId = "01k7a4mt9ws6b2nq5p3xv8cjhd",
            Model = "claude-sonnet-4-5",
            Upstream = upstream,
            UpstreamModel = "gpt-5-mini",
            CreatedSeconds = 1_760_000_000,
            InputEstimate = 1834,
            IncludeUsage = true,
        };
        _keep = OpaqueCatch.IsFor(client) ? static _ => { } : null;
        _filter = upstream == Dialect.Chat ? new ChatUsageFilter() : null;
    }

    public static IEnumerable<CrossedStream> All()
    {
        Dialect[] dialects = [Dialect.Chat, Dialect.Responses, Dialect.Anthropic, Dialect.Gemini];
        return dialects.SelectMany(from => dialects.Where(to => to != from).Select(to => new CrossedStream(from, to)));
    }

    public Dialect Upstream { get; }

    public Dialect Client { get; }

    /// <summary>Bytes allocated by beginnings and ends of answers, which do not count as a chunk's.</summary>
    public long EdgeBytes { get; private set; }

    /// <summary>Bytes allocated while chunks were translated.</summary>
    public long ChunkBytes { get; private set; }

    /// <summary>The whole stream, translated.</summary>
    public int Translate()
    {
        var start = GC.GetAllocatedBytesForCurrentThread();
        var length = 0;
        _meter.Reset();
        _edge = default;
        _translation.Begin(_context, _keep);
        for (var i = 0; i < OpeningPieces; i++)
        {
            length += Translate(_pieces[i]);
        }

        var opened = GC.GetAllocatedBytesForCurrentThread();
        for (var i = OpeningPieces; i < _pieces.Length - 1; i++)
        {
            length += Translate(_pieces[i]);
        }

        var closing = GC.GetAllocatedBytesForCurrentThread();
        length += Translate(_pieces[^1]);
        _meter.Complete();
        _output.ResetWrittenCount();
        _translation.Complete(_meter.Usage ?? new TokenUsage(), _output);
        ChunkBytes += closing - opened;
        EdgeBytes += GC.GetAllocatedBytesForCurrentThread() - closing + opened - start;
        return length + _output.WrittenCount;
    }

    /// <summary>The whole stream, passed as it comes.</summary>
    public int Pass()
    {
        var length = 0;
        _meter.Reset();
        _edge = default;
        _filter?.Reset();
        foreach (var piece in _pieces)
        {
            length += Pass(piece);
        }

        _meter.Complete();
        _output.ResetWrittenCount();
        _filter?.Complete(_output);
        return length + _output.WrittenCount;
    }

    private int Translate(ReadOnlySpan<byte> piece)
    {
        _output.ResetWrittenCount();
        _meter.Append(piece);
        _edge.Pass(piece);
        _translation.Append(piece, _output);
        return _output.WrittenCount;
    }

    private int Pass(ReadOnlySpan<byte> piece)
    {
        _output.ResetWrittenCount();
        _meter.Append(piece);
        _edge.Pass(piece);
        if (_filter is { } filter)
        {
            filter.Append(piece, _output);
        }
        else
        {
            _output.Write(piece);
        }

        return _output.WrittenCount;
    }
}
