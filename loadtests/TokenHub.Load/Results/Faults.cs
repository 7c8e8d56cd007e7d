using System.Text;

namespace TokenHub.Load.Results;

/// <summary>What must not happen. Fields, for Interlocked.</summary>
internal sealed class Faults
{
    private const int KeptMax = 4;
    private const int ShownBytesBefore = 60;
    private const int ShownBytesMax = 160;
    private readonly Dictionary<string, int> _kept = [];

    /// <summary>Chunks that never came.</summary>
    public long Lost;

    /// <summary>Chunks that came after a later one, or twice.</summary>
    public long Reordered;

    /// <summary>Bytes that are not what the generator says.</summary>
    public long WrongBytes;

    /// <summary>Answers with another status than 200.</summary>
    public long Refused;

    /// <summary>Answers that broke off.</summary>
    public long Broken;

    public bool IsNone => Lost + Reordered + WrongBytes + Refused + Broken == 0;

    /// <summary>True when there is that fault and no fault but that, or none where none is expected.</summary>
    public bool Are(string? expected) => expected switch
    {
        null => IsNone,
        "any" => !IsNone,
        "lost" => Lost > 0 && Reordered + WrongBytes + Refused + Broken == 0,
        "reordered" => Lost + Reordered > 0 && WrongBytes + Refused + Broken == 0,
        "wrong_bytes" => WrongBytes > 0 && Lost + Reordered + Refused + Broken == 0,
        "refused" => Refused > 0 && Lost + Reordered + WrongBytes + Broken == 0,
        "broken" => Broken > 0 && Lost + Reordered + WrongBytes + Refused == 0,
        _ => false,
    };

    /// <summary>The first few kinds, in words, with their number.</summary>
    public IReadOnlyList<string> Kept
    {
        get
        {
            lock (_kept)
            {
                return [.. _kept.Select(k => k.Value == 1 ? k.Key : $"{k.Value} times {k.Key}")];
            }
        }
    }

    public void Keep(string fault)
    {
        lock (_kept)
        {
            if (_kept.TryGetValue(fault, out var count) || _kept.Count < KeptMax)
            {
                _kept[fault] = count + 1;
            }
        }
    }

    /// <summary>Keeps what was expected and what came, around the first byte that differs.</summary>
    public void Keep(ReadOnlySpan<byte> expected, ReadOnlySpan<byte> got)
    {
        var from = Math.Max(0, expected.CommonPrefixLength(got) - ShownBytesBefore);
        Keep($"expected ...{Shown(expected[from..])}... but got ...{Shown(got[from..])}...");
    }

    public override string ToString() =>
        $"{Lost} lost, {Reordered} reordered, {WrongBytes} wrong bytes, {Refused} refused, {Broken} broken";

    private static string Shown(ReadOnlySpan<byte> bytes) =>
        Encoding.UTF8.GetString(bytes[..Math.Min(bytes.Length, ShownBytesMax)]).ReplaceLineEndings("\\n");
}
