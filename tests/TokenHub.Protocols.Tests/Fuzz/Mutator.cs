namespace TokenHub.Protocols.Tests.Fuzz;

/// <summary>Spoils a sequence of a corpus in one to six ways; the same random numbers give the same bytes.</summary>
internal sealed class Mutator(FuzzCorpus corpus)
{
    private const int BytesMax = 64 << 10;

    public byte[] Next(Random random, bool isStream)
    {
        var bytes = new List<byte>(corpus.Seed(random));
        for (var i = random.Next(6); i >= 0 && bytes.Count is > 0 and < BytesMax; i--)
        {
            Spoil(bytes, random, isStream);
        }

        return [.. bytes];
    }

    /// <summary>The bytes in pieces, as a network may cut them: whole, in a few, or in single bytes.</summary>
    public static List<ReadOnlyMemory<byte>> Cut(byte[] bytes, Random random)
    {
        var pieces = new List<ReadOnlyMemory<byte>>();
        var length = random.Next(4) switch { 0 => bytes.Length, 1 => 1 + random.Next(8), _ => 1 + random.Next(600) };
        for (var from = 0; from < bytes.Length;)
        {
            var count = Math.Min(bytes.Length - from, random.Next(8) == 0 ? 1 + random.Next(length) : length);
            pieces.Add(bytes.AsMemory(from, count));
            from += count;
        }

        return pieces;
    }

    private void Spoil(List<byte> bytes, Random random, bool isStream)
    {
        var at = random.Next(bytes.Count);
        switch (random.Next(12))
        {
            case 0:
                bytes[at] = (byte)random.Next(256);
                break;
            case 1:
                bytes[at] ^= (byte)(1 << random.Next(8));
                break;
            case 2:
                bytes.RemoveRange(at, Math.Min(random.Next(1, 60), bytes.Count - at));
                break;
            case 3:
                bytes.InsertRange(at, bytes.Slice(at, Math.Min(random.Next(1, 200), bytes.Count - at)));
                break;
            case 4:
                bytes.RemoveRange(at, bytes.Count - at);
                break;
            case 5:
                Splice(bytes, at, random);
                break;
            case 6:
                bytes.InsertRange(at, isStream ? FuzzCorpus.FramingNoise(random) : FuzzCorpus.Hurt(random));
                break;
            case 7:
                bytes.InsertRange(at, random.Next(2) == 0 ? FuzzCorpus.Hurt(random) : corpus.String(random));
                break;
            case 8 or 9:
                ReplaceString(bytes, at, random);
                break;
            default:
                ReplaceValue(bytes, at, random);
                break;
        }
    }

    // A piece of another sequence in place of the rest of this one, or between.
    private void Splice(List<byte> bytes, int at, Random random)
    {
        var other = corpus.Seed(random);
        var from = random.Next(other.Length);
        if (random.Next(2) == 0)
        {
            bytes.RemoveRange(at, bytes.Count - at);
        }

        bytes.InsertRange(at, other.AsSpan(from, random.Next(other.Length - from)).ToArray());
    }

    // Names and words change places, so that members are found where none expects them.
    private void ReplaceString(List<byte> bytes, int at, Random random)
    {
        var from = bytes.IndexOf((byte)'"', at);
        var end = from < 0 ? -1 : bytes.IndexOf((byte)'"', from + 1);
        if (end > from)
        {
            bytes.RemoveRange(from, end - from + 1);
            bytes.InsertRange(from, random.Next(4) == 0 ? FuzzCorpus.Hurt(random) : corpus.String(random));
        }
    }

    // What stands behind a name, to the next comma or end, becomes something else.
    private void ReplaceValue(List<byte> bytes, int at, Random random)
    {
        var from = bytes.IndexOf((byte)':', at) + 1;
        if (from == 0)
        {
            return;
        }

        var end = bytes.FindIndex(from, b => b is (byte)',' or (byte)'}' or (byte)']');
        bytes.RemoveRange(from, (end < 0 ? bytes.Count : end) - from);
        bytes.InsertRange(from, random.Next(3) == 0 ? corpus.String(random) : FuzzCorpus.Hurt(random));
    }
}
