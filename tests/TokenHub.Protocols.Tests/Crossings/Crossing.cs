using System.Buffers;
using TokenHub.Core.Snapshots;
using TokenHub.Core.Usage;
using TokenHub.Protocols.Chat;
using TokenHub.Protocols.Codecs;
using TokenHub.Protocols.Errors;
using TokenHub.Protocols.Streams;
using TokenHub.Protocols.Tests.Codecs;

namespace TokenHub.Protocols.Tests.Crossings;

/// <summary>One scenario of one pair, put through the codecs as the gateway does it.</summary>
internal sealed class Crossing(Dialect client, Dialect upstream, string scenario)
{
    public const string RequestId = "7Qm2xT9b";

    // Stands for the picture behind every address that the upstream does not fetch.
    private static readonly byte[] Fetched = "R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw=="u8.ToArray();

    /// <summary>The request for the upstream, or the reason for which there is none.</summary>
    public byte[] UpstreamRequest { get; private set; } = [];

    public string Dropped { get; private set; } = "";

    public string? Refusal { get; private set; }

    public AnswerContext Context { get; private set; } = new()
    {
        RequestId = RequestId,
        Model = "hub-large",
        Upstream = upstream,
        UpstreamModel = CrossingCorpus.ModelOf(upstream, scenario).Name,
        CreatedSeconds = 1_770_000_100,
        InputEstimate = 321,
        IncludeUsage = true,
    };

    /// <summary>Reads the client's request and writes it for the upstream; the answer's context comes of it.</summary>
    public Crossing Send()
    {
        var (body, dropped) = (new ArrayBufferWriter<byte>(), new Dropped());
        var (model, target) = (CrossingCorpus.ModelOf(upstream, scenario), DialectCodecs.Of(upstream).RequestWriter);
        try
        {
            using var request = DialectCodecs.Of(client).RequestReader!.Read(
                CrossingCorpus.Read("Clients", client, scenario + ".json"), Context.Model, isStream: true);
            foreach (var part in request.Turns.SelectMany(turn => turn.Parts).OfType<MediaPart>())
            {
                if (part.Url is not null && !target.TakesUrl(part, model))
                {
                    (part.Url, part.MimeType, part.Base64) = (null, "image/gif", Fetched);
                }
            }

            target.Write(request, model, body, dropped);
            Assert.Equal(Context.Model, request.Model);
            Assert.True(request.Stream);
            Context = Context with
            {
                IncludeUsage = request.IncludeUsage, Stops = request.StopsHere, ToolBook = request.ToolBook, Echo = request.Echo.ToArray(),
            };
        }
        catch (UntranslatableException fault)
        {
            Refusal = $"{fault.Param}: {fault.Message}\n";
        }

        (UpstreamRequest, Dropped) = (body.WrittenSpan.ToArray(), dropped + "\n");
        return this;
    }

    /// <summary>The upstream's answer as its file has it.</summary>
    public byte[] Answer(bool isStream) =>
        CrossingCorpus.Read("Upstreams", upstream, scenario + (isStream ? ".sse" : ".json"));

    /// <summary>What the meter finds in an answer.</summary>
    public static AnswerReader Meter(Dialect dialect, bool isStream, byte[] bytes) =>
        AnswerReader.Create(dialect, isStream).Read([bytes]);

    /// <summary>Writes an answer that comes in pieces for the client, its end as the meter says.</summary>
    public byte[] Translate(bool isStream, AnswerReader meter, IEnumerable<ReadOnlyMemory<byte>> pieces)
    {
        var (decoder, codecs) = (DialectCodecs.Of(upstream).NewDecoder(), DialectCodecs.Of(client));
        var encoder = (isStream ? codecs.NewStreamEncoder : codecs.NewBodyEncoder)!();
        var output = new ArrayBufferWriter<byte>();
        encoder.Begin(Context);
        encoder.WriteTo(output);
        ChatAnswer.Decode(decoder, Context, pieces, encoder);
        if (meter.HasError)
        {
            encoder.Fail(Told(new ReportedError(meter.ErrorType, meter.ErrorCode, meter.ErrorMessage), 200));
        }
        else
        {
            encoder.Finish(meter.Usage ?? default);
        }

        return output.WrittenSpan.ToArray();
    }

    /// <summary>
    /// An upstream's error as the client is told it. Of what passes by waiting, and would have been tried elsewhere,
    /// the gateway has words of its own.
    /// </summary>
    public ApiError Told(ReportedError reported, int status)
    {
        var kind = reported.KindOf(status);
        var message = kind == ErrorKind.ContextTooLong
            ? ContextWords.For(client, reported.Message, Context.InputEstimate, tokensMax: null)
            : status == 429 ? "The upstream's rate limit is reached." : reported.Message!;
        var isOpenAi = client is Dialect.Chat or Dialect.Responses && upstream is Dialect.Chat or Dialect.Responses;
        return ApiError.Of(client, kind, message, RequestId, retryAfterMs: reported.RetryAfterMs) with
        {
            Code = isOpenAi && status == 400 && kind == ErrorKind.InvalidRequest ? reported.Code : null,
        };
    }

    /// <summary>What of an upstream's usage the client's protocol has words for.</summary>
    public TokenUsage? Sayable(TokenUsage? usage) => usage is not { } all ? null : client switch
    {
        Dialect.Gemini => all with { CacheWrite5m = 0, CacheWrite1h = 0, CacheWriteOther = 0 },
        Dialect.Anthropic => all with
        {
            ToolUsePrompt = 0, CacheWrite5m = all.CacheWrite5m + all.CacheWriteOther, CacheWriteOther = 0,
        },
        _ => all with
        {
            ToolUsePrompt = 0, CacheWrite5m = 0, CacheWrite1h = 0, CacheWriteOther = all.CacheWrite,
        },
    };
}
