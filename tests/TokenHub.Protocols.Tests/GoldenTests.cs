using TokenHub.Protocols.Streams;
using TokenHub.Protocols.Tokens;

namespace TokenHub.Protocols.Tests;

/// <summary>The readers against our own corpus, cut at every byte.</summary>
public sealed class GoldenTests
{
    public static TheoryData<string> Names => [.. GoldenCase.Names()];

    [Theory, MemberData(nameof(Names))]
    public void Answer_reads_as_expected_at_every_cut(string name)
    {
        var golden = GoldenCase.Load(name);
        var expected = golden.Describe();
        var reader = golden.CreateReader();
        var counted = reader.Read([golden.Bytes]).CountedOutputTokens;

        foreach (var pieces in Chunker.EveryCut(golden.Bytes))
        {
            reader.Read(pieces);
            Assert.Equal(expected, reader.Describe().Replace($"counted {counted} ", "", StringComparison.Ordinal));
        }
    }

    [Theory, MemberData(nameof(Names))]
    public void Exact_count_is_the_same_at_every_cut(string name)
    {
        var golden = GoldenCase.Load(name);
        var reader = AnswerReader.Create(
            golden.Dialect, golden.IsStream, TokenizerCatalog.CreateCounter(TokenEncoding.O200k));
        var counted = reader.Read([golden.Bytes]).CountedOutputTokens;

        Assert.Equal(reader.OutputTextBytes == 0, counted == 0);
        foreach (var pieces in Chunker.EveryCut(golden.Bytes))
        {
            Assert.Equal(counted, reader.Read(pieces).CountedOutputTokens);
        }
    }

    // A connection may break anywhere: what has been found by then must not be more than the whole holds.
    [Theory, MemberData(nameof(Names))]
    public void Answer_that_ends_early_claims_nothing_that_the_whole_does_not(string name)
    {
        var golden = GoldenCase.Load(name);
        var reader = golden.CreateReader();
        var whole = reader.Read([golden.Bytes]);
        var (content, terminal, bytes) = (whole.HasContent, whole.IsTerminal, whole.OutputTextBytes);

        for (var cut = 0; cut < golden.Bytes.Length; cut++)
        {
            reader.Read([golden.Bytes.AsMemory(0, cut)]);
            Assert.True(content || !reader.HasContent);
            Assert.True(terminal || !reader.IsTerminal);
            Assert.True(reader.OutputTextBytes <= bytes);
        }
    }
}
