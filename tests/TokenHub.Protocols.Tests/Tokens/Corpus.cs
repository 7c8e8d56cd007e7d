using System.Globalization;
using System.Text;

namespace TokenHub.Protocols.Tests.Tokens;

/// <summary>Texts of many kinds, the same in every run.</summary>
internal static class Corpus
{
    private static readonly string[] Words =
    [
        "the", "Quick", "BROWN", "fox", "HTTPServer", "don't", "WE'LL", "it'S", "you've", "I'd", "'re", "naïve", "St"
            + "raße",
        "ΑΒΓδε", "Привет", "мир", "שלום", "مرحبا", "नमस्ते", "สวัสดีครับ", "你好世界", "模型调用计费", "日本語テキスト", "カタカナ",
        "한국어", "😀", "👩‍👩‍👧‍👦", "🇵🇱", "e\u0301", "\u0301ABC", "A\u0301b", "ǅ", "ʰʱ", "Ⅷ", "½", "١٢٣", "12345678", "3."
            + "14159",
        "0x1F", "foo_bar", "fooBar", "x==y", "=>", "!!!", "...", "—", "“quoted”", "http://a.b/c?d=e&f#g", "//comment"
            + "", "/*\n*/",
        "\t", "\n", "\r\n", "\n\n\n", "  ", "    ", "\u00A0", "\u3000", "\u2028", "\"json\":", "{}", "[1,2]", "</div"
            + ">", "<|x|>",
        "日本HTML5版", "aA", "Aa", "AA", "中a", "a中", "中A", "A中B", "'S", "'ll", "'LLx", "'", "''s", "x'", "`code`", "\\n",
    ];

    public static IEnumerable<string> Texts(int seed, int count)
    {
        var random = new Random(seed);
        yield return "";
        foreach (var word in Words)
        {
            yield return word;
        }

        yield return Code;
        for (var i = 0; i < count; i++)
        {
            yield return random.Next(3) switch
            {
                0 => Runes(random, random.Next(1, 60)),
                1 => Joined(random, random.Next(1, 30), " "),
                _ => Joined(random, random.Next(1, 30), ""),
            };
        }
    }

    /// <summary>Long runs without a place to cut, as only odd answers have.</summary>
    public static IEnumerable<string> LongPieces(int length) =>
        [new('a', length), new('=', length), new(' ', length), new('\n', length), Repeat("中文字", length / 9),
            Repeat("ACGT", length / 4), Repeat("naïveStraße", length / 13), Repeat("😀", length / 4)];

    private static string Joined(Random random, int words, string between) =>
        string.Join(between, Enumerable.Range(0, words).Select(_ => Words[random.Next(Words.Length)]));

    private static string Repeat(string text, int times) => string.Concat(Enumerable.Repeat(text, times));

    private static string Runes(Random random, int length)
    {
        var text = new StringBuilder();
        while (length > 0)
        {
            var value = random.Next(6) switch
            {
                0 or 1 => random.Next(0x20, 0x7F),
                2 => random.Next(0, 0x600),
                3 => random.Next(0x900, 0x3100),
                4 => random.Next(0x4E00, 0xA000),
                _ => random.Next(0x1F300, 0x1F650),
            };
            if (IsComparable(value))
            {
                text.Append(new Rune(value).ToString());
                length--;
            }
        }

        return text.ToString();
    }

    // Left out: what JavaScript and the original disagree about (next line, byte order mark), and what one of the two
    // runtimes may not know yet.
    private static bool IsComparable(int value) => value is not (0x85 or 0xFEFF)
        && Rune.GetUnicodeCategory(new Rune(value)) is not UnicodeCategory.OtherNotAssigned;

    private const string Code = """
        public static async Task<int> Main(string[] args)
        {
            // Reads it's own arguments -- "quoted" -- and we'll see.
            var sum = 0L;
            for (var i = 0; i < 1_000_000; i++) { sum += i * 0x1F ^ ~i; }
        	Console.WriteLine($"{sum:N2}\t€ 12,345.67 — naïve?");
            return sum >= 0 ? 0 : -1;   


        }
        """;
}
