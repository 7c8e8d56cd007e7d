using System.Diagnostics;
using System.Text;
using System.Text.Json;
using TokenHub.Protocols.Tokens;
using TokenHub.TestKit;

namespace TokenHub.Protocols.Tests.Tokens;

public sealed class BpeCounterTests
{
    private static readonly string Ranks =
        Path.Combine(Repository.Root, "gateway", "TokenHub.Protocols", "obj", "ranks");

    private static List<long> CountByJavaScript(string encoding, List<string> texts)
    {
        var script = Path.Combine(Repository.Root, "tests", "TokenHub.Protocols.Tests", "Tokens", "count-tokens.mjs");
        var start = new ProcessStartInfo("node", [script, Ranks, encoding])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            StandardInputEncoding = new UTF8Encoding(false),
            StandardOutputEncoding = Encoding.UTF8,
        };
        using var node = Process.Start(start)!;
        node.StandardInput.Write(JsonSerializer.Serialize(texts));
        node.StandardInput.Close();
        var counts = JsonSerializer.Deserialize<List<long>>(node.StandardOutput.ReadToEnd())!;
        node.WaitForExit();
        Assert.Equal(0, node.ExitCode);
        return counts;
    }

    private static long Count(IncrementalCounter counter, params ReadOnlySpan<byte[]> pieces)
    {
        counter.Reset();
        foreach (var piece in pieces)
        {
            counter.Append(piece);
        }

        counter.Break();
        return counter.Count;
    }

    [Theory]
    [InlineData(TokenEncoding.O200k, "o200k_base")]
    [InlineData(TokenEncoding.Cl100k, "cl100k_base")]
    public void Counts_are_those_of_the_original(TokenEncoding encoding, string name)
    {
        var texts = Corpus.Texts(seed: 20260901, count: 3000).ToList();
        var expected = CountByJavaScript(name, texts);
        var counter = TokenizerCatalog.CreateCounter(encoding);

        for (var i = 0; i < texts.Count; i++)
        {
            var count = Count(counter, Encoding.UTF8.GetBytes(texts[i]));
            Assert.True(expected[i] == count, $"{expected[i]} but {count}: {JsonSerializer.Serialize(texts[i])}");
        }
    }

    [Theory]
    [InlineData(TokenEncoding.O200k, "o200k_base")]
    [InlineData(TokenEncoding.Cl100k, "cl100k_base")]
    public void Long_pieces_are_counted_as_the_original_does(TokenEncoding encoding, string name)
    {
        var texts = Corpus.LongPieces(length: 1200).ToList();
        var expected = CountByJavaScript(name, texts);
        var counter = TokenizerCatalog.CreateCounter(encoding);

        Assert.Equal(expected, texts.Select(text => Count(counter, Encoding.UTF8.GetBytes(text))));
    }

    [Theory]
    [InlineData(TokenEncoding.O200k)]
    [InlineData(TokenEncoding.Cl100k)]
    public void Count_is_the_same_at_every_cut(TokenEncoding encoding)
    {
        var counter = TokenizerCatalog.CreateCounter(encoding);
        foreach (var text in Corpus.Texts(seed: 7, count: 150))
        {
            var bytes = Encoding.UTF8.GetBytes(text);
            var whole = Count(counter, bytes);
            for (var cut = 1; cut < bytes.Length; cut++)
            {
                Assert.Equal(whole, Count(counter, bytes[..cut], bytes[cut..]));
            }

            Assert.Equal(whole, Count(counter, [.. bytes.Select(b => new[] { b })]));
        }
    }

    [Theory]
    [InlineData(TokenEncoding.O200k)]
    [InlineData(TokenEncoding.Cl100k)]
    public void Endless_piece_keeps_memory_and_time_within_bounds(TokenEncoding encoding)
    {
        foreach (var text in Corpus.LongPieces(length: 50_000))
        {
            var counter = TokenizerCatalog.CreateCounter(encoding);
            var bytes = Encoding.UTF8.GetBytes(text);
            for (var at = 0; at < bytes.Length; at += 7)
            {
                counter.Append(bytes.AsSpan(at, Math.Min(7, bytes.Length - at)));
            }

            counter.Break();
            var whole = TokenizerCatalog.CreateCounter(encoding);
            Assert.Equal(Count(whole, bytes), counter.Count);
            Assert.InRange(counter.Count, 1, bytes.Length);
        }
    }

    [Theory]
    [InlineData(TokenEncoding.O200k)]
    [InlineData(TokenEncoding.Cl100k)]
    public void Bytes_that_are_no_utf8_are_counted_and_not_feared(TokenEncoding encoding)
    {
        var random = new Random(11);
        var bytes = new byte[5000];
        random.NextBytes(bytes);
        var counter = TokenizerCatalog.CreateCounter(encoding);

        Assert.InRange(Count(counter, bytes), 1000, 5000);
    }

    [Fact]
    public void Count_in_between_is_near_and_allocates_nothing()
    {
        var counter = TokenizerCatalog.CreateCounter(TokenEncoding.O200k);
        var bytes = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("The answer, we'll see, is 42. ", 40)));
        Count(counter, bytes);

        var allocated = Allocations.Least(() =>
        {
            counter.Reset();
            for (var at = 0; at < bytes.Length; at += 5)
            {
                counter.Append(bytes.AsSpan(at, Math.Min(5, bytes.Length - at)));
            }
        });

        var near = counter.Count;
        counter.Break();
        Assert.Equal(0, allocated);
        Assert.InRange(near, counter.Count - 4, counter.Count + 4);
    }

    [Fact]
    public void Break_keeps_the_texts_on_its_sides_apart()
    {
        var counter = TokenizerCatalog.CreateCounter(TokenEncoding.O200k);
        counter.Append("hel"u8);
        counter.Break();
        counter.Append("lo"u8);
        counter.Break();

        Assert.Equal(2, counter.Count);
        Assert.Equal(1, Count(counter, "hello"u8.ToArray()));
    }

    [Fact]
    public void Vocabularies_are_whole()
    {
        Assert.Equal(199_998, BpeTokenizer.Of(TokenEncoding.O200k).VocabularySize);
        Assert.Equal(100_256, BpeTokenizer.Of(TokenEncoding.Cl100k).VocabularySize);
    }
}
