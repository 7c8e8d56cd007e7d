using System.Buffers.Text;

namespace TokenHub.MockUpstream.Script;

/// <summary>What a script can do wrong on purpose.</summary>
public enum MockFault
{
    None = 0,
    Lost,
    Reordered,
    Wrong,
}

/// <summary>How one answer is given, read from the model's name: <c>mock-c20-g30-b32</c>.</summary>
public readonly record struct MockScript
{
    public const int ChunksMax = 1_000_000;
    public const int ChunkBytesMax = 16 << 10;
    public const int DelayMsMax = 600_000;
    public const int NameBytesMax = 128;

    /// <summary>One answer's text is bounded, because some dialects repeat it whole at the end.</summary>
    public const int TextBytesMax = 8 << 20;

    public MockScript()
    {
    }

    public int Chunks { get; init; } = 1;

    public int GapMs { get; init; }

    /// <summary>Bytes of text in a chunk; the index in front of each makes very short ones longer.</summary>
    public int ChunkBytes { get; init; } = 32;

    public int FirstMs { get; init; }

    public int InputTokens { get; init; } = 11;

    /// <summary>Chunks of a stream carry the time at which they were sent.</summary>
    public bool IsStamped { get; init; }

    /// <summary>Zero, or the error status to answer with.</summary>
    public int Status { get; init; }

    /// <summary>Negative, or the number of chunks after which the connection is cut.</summary>
    public int CutAfter { get; init; } = -1;

    /// <summary>A fault to put into a stream, so that a client can show that it would notice one.</summary>
    public MockFault Fault { get; init; }

    /// <summary>The chunk that the fault befalls.</summary>
    public int FaultAt { get; init; }

    public bool IsDemo { get; init; }

    public static MockScript Demo { get; } = new()
    {
        IsDemo = true, Chunks = DemoText.Chunks, ChunkBytes = DemoText.ChunkBytesMax, GapMs = 30, FirstMs = 30,
        InputTokens = 12,
    };

    /// <summary>False for a name that is neither the demo's nor a script.</summary>
    public static bool TryParse(ReadOnlySpan<byte> model, out MockScript script)
    {
        script = default;
        if (model.SequenceEqual("demo-small"u8))
        {
            script = Demo;
            return true;
        }

        if (model.Length > NameBytesMax || !model.StartsWith("mock-"u8))
        {
            return false;
        }

        var read = new MockScript();
        foreach (var part in model[5..].Split((byte)'-'))
        {
            if (!TryApply(model[5..][part], ref read))
            {
                return false;
            }
        }

        script = read;
        return (long)read.Chunks * read.ChunkBytes <= TextBytesMax;
    }

    private static bool TryApply(ReadOnlySpan<byte> part, ref MockScript script)
    {
        if (part.SequenceEqual("t"u8))
        {
            script = script with { IsStamped = true };
            return true;
        }

        if (part.Length < 2
            || !Utf8Parser.TryParse(part[1..], out uint number, out var used) || used != part.Length - 1)
        {
            return false;
        }

        var limit = (char)part[0] switch
        {
            'c' or 'x' or 'i' or 'l' or 'r' or 'w' => ChunksMax,
            'b' => ChunkBytesMax,
            'g' or 'f' => DelayMsMax,
            'e' => 599,
            _ => -1,
        };
        var value = (int)Math.Min(number, int.MaxValue);
        script = (char)part[0] switch
        {
            'c' => script with { Chunks = value },
            'x' => script with { CutAfter = value },
            'i' => script with { InputTokens = value },
            'b' => script with { ChunkBytes = value },
            'g' => script with { GapMs = value },
            'f' => script with { FirstMs = value },
            'l' => script with { Fault = MockFault.Lost, FaultAt = value },
            'r' => script with { Fault = MockFault.Reordered, FaultAt = value },
            'w' => script with { Fault = MockFault.Wrong, FaultAt = value },
            _ => script with { Status = value },
        };
        return value <= limit && (part[0] != 'e' || value >= 400);
    }
}
