using System.Buffers;
using System.Text;
using System.Text.Unicode;
using TokenHub.Core.Snapshots;
using TokenHub.Protocols.Chat;
using TokenHub.Protocols.Codecs;

namespace TokenHub.Protocols.Tests.Fuzz;

/// <summary>
/// A spoilt request: read or refused, and what was read is written for an upstream of every dialect, or refused there.
/// </summary>
internal sealed class RequestFuzz(Dialect client) : IFuzzCase
{
    private static readonly (Dialect Dialect, UpstreamModel[] Models)[] Targets =
    [
        (Dialect.Chat, [new("gpt-4.1"), new("gpt-5.2"), new("anthropic/claude-sonnet-4.5", IsCompatible: true)]),
        (Dialect.Responses, [new("gpt-5.2"), new("gpt-4.1", OutputTokensMax: 100)]),
        (Dialect.Anthropic, [new("claude-opus-4-8"), new("claude-opus-4-1"), new("claude-haiku-4-5", OutputTokensMax: 2000)]),
        (Dialect.Gemini, [new("gemini-3-pro-preview"), new("gemini-2.5-flash")]),
        (Dialect.Converse, [new("amazon.nova-pro-v1:0"), new("us.anthropic.claude-sonnet-4-5-20250929-v1:0")]),
    ];

    private readonly Mutator _mutator = new(FuzzCorpus.Requests(client));
    private readonly IRequestReader _reader = DialectCodecs.Of(client).RequestReader!;
    private readonly ArrayBufferWriter<byte> _output = new(256 << 10);

    /// <summary>The books of tools of the corpus' requests.</summary>
    public static ToolBook[] ToolBooks(Dialect client)
    {
        var reader = DialectCodecs.Of(client).RequestReader!;
        var corpus = FuzzCorpus.Requests(client);
        var random = new Random(1);
        return [.. Enumerable.Range(0, 40).Select(_ =>
        {
            using var request = reader.Read(corpus.Seed(random), "m", false);
            return request.ToolBook;
        })];
    }

    public byte[] Make(Random random) => _mutator.Next(random, isStream: false);

    public bool Play(byte[] bytes, Random random)
    {
        try
        {
            using var request = _reader.Read(bytes, "m", random.Next(2) == 0);
            var isWritten = false;
            foreach (var (dialect, models) in Targets)
            {
                isWritten |= dialect != client && Write(request, dialect, models[random.Next(models.Length)]);
            }

            return isWritten;
        }
        catch (UntranslatableException)
        {
            return false;
        }
    }

    private bool Write(ChatRequest request, Dialect dialect, UpstreamModel model)
    {
        var writer = DialectCodecs.Of(dialect).RequestWriter;
        _output.ResetWrittenCount();
        try
        {
            foreach (var media in request.Turns.SelectMany(turn => turn.Parts).OfType<MediaPart>())
            {
                writer.TakesUrl(media, model);
            }

            writer.Write(request, model, _output, new Dropped());
        }
        catch (UntranslatableException)
        {
            return false;
        }

        SoundOutput.AssertDocument(_output.WrittenSpan);
        Assert.True(Utf8.IsValid(_output.WrittenSpan), Encoding.UTF8.GetString(_output.WrittenSpan));
        return true;
    }
}
