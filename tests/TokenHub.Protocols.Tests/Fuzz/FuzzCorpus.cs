using System.Text;
using TokenHub.Core.Snapshots;
using TokenHub.TestKit;

namespace TokenHub.Protocols.Tests.Fuzz;

/// <summary>
/// What spoilt sequences are made of: our own answers and requests, the strings in them, and what hurts readers.
/// Nothing from beside the checkout: a seed stands for the same bytes everywhere.
/// </summary>
internal sealed class FuzzCorpus
{
    private const int BytesMax = 16 << 10;

    private static readonly string Root = Path.Combine(Repository.Root, "tests", "TokenHub.Protocols.Tests");

    private static readonly byte[][] Hurts =
    [
        .. new[]
        {
            "null", "true", "false", "0", "-1", "-0.0", "1e400", "1E-400", "0.1", "2147483648", "9223372036854775808",
            "123456789012345678901234567890", "\"\"", "\"a\"", "{}", "[]", "[[]]", "[{}]", "{\"\":{}}", "[null]", "[\"\"]",
            "\"\\ud83d\"", "\"\\udc00\\ud800\"", "\"\\u0000\"", "\"\\\\\"", "\"$[9999][9999][9999]\"", "\"data:;base64,\"",
            "\"th1.3.1.Y2xhdWRl..U0lH\"", "\"th1....\"", "\"https://example.com/a.png\"", "\"\\u0064ata\"", "\\", "\"", ",",
            ":", "{", "}", "[", "]", "\u2028", "\ufeff",
        }.Select(Encoding.UTF8.GetBytes),
        Nested("[", "]", 100, ""), Nested("{\"a\":", "}", 200, "1"), Nested("[", "]", 700, ""),
        Nested("{\"items\":", "}", 60, "{}"), Nested("[", "", 3000, ""), Nested("\"", "\"", 1, new string('x', 3000)),
        [0], [0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf0, 0x9f], "\u001f"u8.ToArray(),
    ];

    private static readonly byte[][] Noise =
    [
        .. new[]
        {
            "\n", "\r", "\r\n", "\n\n", "\r\r", "\r\n\r\n", ": ping\n\n", ":\n", "event: error\n", "event: x\n", "event:\n",
            "id: 7\n", "retry: 100\n", "data:\n", "data: ", "data", "data: [DONE]\n\n", "data: {}\n\n", "data: null\n\n",
            "\n\n{\"error\":{\"message\":\"m\"}}", "\n\n[", "data: {\n\n", " ", "\t", "\ufeff", "\n\nevent: message_stop\ndata: {}\n\n",
        }.Select(Encoding.UTF8.GetBytes),
    ];

    private readonly byte[][] _seeds;
    private readonly byte[][] _strings;

    private FuzzCorpus(IEnumerable<byte[]> seeds)
    {
        _seeds = [.. seeds.Where(seed => seed.Length is > 0 and <= BytesMax)];
        _strings = [.. _seeds.SelectMany(StringsOf).Distinct(StringComparer.Ordinal)
            .Order(StringComparer.Ordinal).Select(Encoding.UTF8.GetBytes)];
    }

    public static FuzzCorpus Answers(Dialect dialect) => new(dialect == Dialect.Converse
        ? ConverseSeeds.All()
        : Files("Golden", dialect, "upstream.*").Concat(Files("Crossings/Upstreams", dialect, "*"))
            .Select(File.ReadAllBytes));

    public static FuzzCorpus Requests(Dialect dialect) =>
        new(Files("Crossings/Clients", dialect, "*.json").Select(File.ReadAllBytes));

    public byte[] Seed(Random random) => Pick(_seeds, random);

    public byte[] String(Random random) => Pick(_strings, random);

    public static byte[] Hurt(Random random) => Pick(Hurts, random);

    public static byte[] FramingNoise(Random random) => Pick(Noise, random);

    private static byte[] Pick(byte[][] from, Random random) => from[random.Next(from.Length)];

    private static IEnumerable<string> Files(string side, Dialect dialect, string pattern) =>
        Directory.GetFiles(Path.Combine(Root, side, dialect.ToString()), pattern, SearchOption.AllDirectories)
            .Order(StringComparer.Ordinal);

    private static byte[] Nested(string open, string close, int depth, string inside) => Encoding.UTF8.GetBytes(
        string.Concat(Enumerable.Repeat(open, depth)) + inside + string.Concat(Enumerable.Repeat(close, depth)));

    // With their quotes; a string with an escaped quote counts as two, which does no harm here.
    private static IEnumerable<string> StringsOf(byte[] seed)
    {
        var text = Encoding.UTF8.GetString(seed);
        for (var from = text.IndexOf('"', StringComparison.Ordinal); from >= 0;)
        {
            var end = text.IndexOf('"', from + 1);
            if (end < 0)
            {
                yield break;
            }

            yield return text[from..(end + 1)];
            from = text.IndexOf('"', end + 1);
        }
    }
}
