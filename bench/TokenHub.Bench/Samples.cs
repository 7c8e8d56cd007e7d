using TokenHub.Core.Money;
using TokenHub.Core.Requests;
using TokenHub.Core.Snapshots;
using TokenHub.Core.Usage;
using TokenHub.Gateway.Settlement;
using TokenHub.MockUpstream;
using TokenHub.MockUpstream.Formats;
using TokenHub.MockUpstream.Script;

namespace TokenHub.Bench;

/// <summary>What ordinary traffic looks like.</summary>
internal static class Samples
{
    public const int StreamChunks = 100;

    public static readonly Tariff Tariff = new(7, 125_000_000, 1_000_000_000, 12_500_000, 156_250_000, 250_000_000);

    public static readonly TokenUsage Usage = new() { Input = 1834, CacheRead = 1024, Output = 311, Reasoning = 64 };

    public static readonly RequestId Rid = RequestId.Create(1_760_000_000_000, 1, 1, 42);

    public static UsageRecord Record(RequestId rid) => new()
    {
        RequestId = rid, Account = 17, Key = 23, Channel = 5, PriceVersion = 7, Model = "claude-sonnet-4-5",
        Dialect = Dialect.Anthropic, Outcome = Outcome.Completed, IsStream = true, Status = 200,
        StartedMs = 1_760_000_000_000, FirstTokenMs = 420, DurationMs = 5_300, Hold = new Usd(1_250_000),
        Cost = new Usd(432_100), Usage = Usage, UpstreamId = "msg_01QC4g3HwBThD4BaNtBckFDJ",
        Attempts = [new AttemptRecord(5, 200, AttemptFault.None, 410)],
    };

    public static OpenRequest Open(RequestId rid) => new(
        rid, 17, 23, 5, 0, 0, Tariff, Dialect.Anthropic, IsStream: true, "claude-sonnet-4-5", new Usd(1_250_000), 1834,
        1_760_000_000_000);

    /// <summary>A whole stream as the mock sends it: one piece a chunk, the last with the end.</summary>
    public static byte[][] Stream(Dialect dialect, bool includesUsage)
    {
        var answer = new MockAnswer
        {
            Dialect = dialect switch
            {
                Dialect.Responses => MockDialect.Responses,
                Dialect.Anthropic => MockDialect.Messages,
                Dialect.Gemini => MockDialect.Gemini,
                _ => MockDialect.Chat,
            },
            Script = new MockScript { Chunks = StreamChunks, ChunkBytes = 16 },
            Model = "mock-c100-b16"u8.ToArray(),
            Seed = 7,
            IncludesUsage = includesUsage,
        };
        return [.. Enumerable.Range(0, StreamChunks).Select(i => Piece(answer, i))];
    }

    /// <summary>A chat request as an agent sends it: instructions, some turns, a tool.</summary>
    public static byte[] ChatRequest(int turns)
    {
        const string prose = "the river runs past the old mill and under the stone bridge where children used to fish ";
        var turn = "{\"role\":\"user\",\"content\":\"" + string.Concat(Enumerable.Repeat(prose, 6)) + "\"}";
        var messages = string.Join(',', Enumerable.Repeat(turn, turns));
        return System.Text.Encoding.UTF8.GetBytes(
            "{\"model\":\"gpt-4o-mini\",\"stream\":true,\"max_tokens\":4096,\"temperature\":0.2,"
            + "\"messages\":[" + messages
            + "],\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"look_up\","
            + "\"parameters\":{\"type\":\"object\","
            + "\"properties\":{\"city\":{\"type\":\"string\"}},\"required\":[\"city\"]}}}]}");
    }

    private static byte[] Piece(MockAnswer answer, int index)
    {
        var format = AnswerFormat.Of(answer.Dialect);
        var pen = new Pen(new byte[(2 * AnswerFormat.ChunkBytesMax(answer)) + format.FinishBytesMax(answer)]);
        if (index == 0)
        {
            format.Begin(ref pen, answer);
        }

        format.Chunk(ref pen, answer, index, stampNs: 0);
        if (index == StreamChunks - 1)
        {
            format.Finish(ref pen, answer);
        }

        return pen.Written.ToArray();
    }
}
