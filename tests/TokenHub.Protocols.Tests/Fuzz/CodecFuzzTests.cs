using System.Globalization;
using TokenHub.Core.Snapshots;

namespace TokenHub.Protocols.Tests.Fuzz;

/// <summary>
/// Spoilt answers and requests through every codec: no exception but a refusal, no hang, memory bounded by the input,
/// and sound output. A failure tells the seed; <c>FUZZ_FIRST</c> and <c>FUZZ_CASES</c> play it alone, in the long runs.
/// </summary>
public sealed class CodecFuzzTests
{
    private const int Slice = 15_000;
    private const int Million = 1_000_000;
    private const long SliceSeed = 1;
    private const long MillionSeed = 10_000_000;

    [Theory]
    [InlineData(Dialect.Chat)]
    [InlineData(Dialect.Responses)]
    [InlineData(Dialect.Anthropic)]
    [InlineData(Dialect.Gemini)]
    [InlineData(Dialect.Converse)]
    public void Spoilt_answer_is_written_on_as_a_sound_one(Dialect upstream) =>
        FuzzRun.Run("answers of", upstream, new AnswerFuzz(upstream), SliceSeed, Slice);

    [Theory]
    [InlineData(Dialect.Chat)]
    [InlineData(Dialect.Responses)]
    [InlineData(Dialect.Anthropic)]
    [InlineData(Dialect.Gemini)]
    public void Spoilt_request_is_read_or_refused(Dialect client) =>
        FuzzRun.Run("requests of", client, new RequestFuzz(client), SliceSeed, Slice);

    /// <summary>Found by the long run: calls by turns, the second still open when the first ends, and text behind.</summary>
    [Theory]
    [InlineData(Dialect.Chat, 10_357_976)]
    [InlineData(Dialect.Responses, 10_220_021)]
    [InlineData(Dialect.Anthropic, 10_426_843)]
    public void Answer_that_once_never_ended_ends(Dialect upstream, long seed) =>
        FuzzRun.Run("answers of", upstream, new AnswerFuzz(upstream), seed, 1);

    /// <summary>The long run: <c>-explicit only</c>.</summary>
    [Theory(Explicit = true)]
    [InlineData(Dialect.Chat)]
    [InlineData(Dialect.Responses)]
    [InlineData(Dialect.Anthropic)]
    [InlineData(Dialect.Gemini)]
    [InlineData(Dialect.Converse)]
    public void One_million_spoilt_answers_are_written_on_as_sound_ones(Dialect upstream) =>
        FuzzRun.Run("answers of", upstream, new AnswerFuzz(upstream), First, Cases);

    /// <summary>The long run: <c>-explicit only</c>.</summary>
    [Theory(Explicit = true)]
    [InlineData(Dialect.Chat)]
    [InlineData(Dialect.Responses)]
    [InlineData(Dialect.Anthropic)]
    [InlineData(Dialect.Gemini)]
    public void One_million_spoilt_requests_are_read_or_refused(Dialect client) =>
        FuzzRun.Run("requests of", client, new RequestFuzz(client), First, Cases);

    private static long First => Number("FUZZ_FIRST", MillionSeed);

    private static int Cases => (int)Number("FUZZ_CASES", Million);

    private static long Number(string name, long standard) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } text
            ? long.Parse(text, CultureInfo.InvariantCulture) : standard;
}
