using TokenHub.Redis.Resp;

namespace TokenHub.Redis.Cluster;

/// <summary>
/// The 16,384 slots of a Redis Cluster: CRC16 (XMODEM) of the part of a key between its first braces, or of all of it.
/// </summary>
internal static class HashSlot
{
    public const int Count = 16384;

    /// <summary>Any node will do.</summary>
    public const int None = -1;

    private const ushort Polynomial = 0x1021;
    private static readonly ushort[] Table = MakeTable();

    // Commands that name no key; of all others the first argument is taken for one.
    private static readonly byte[][] Keyless =
    [
        [.. "PING"u8], [.. "PUBLISH"u8], [.. "INFO"u8], [.. "CLUSTER"u8], [.. "SCRIPT"u8], [.. "ECHO"u8],
        [.. "CONFIG"u8], [.. "KEYS"u8], [.. "SCAN"u8], [.. "DEBUG"u8], [.. "TIME"u8], [.. "ROLE"u8], [.. "CLIENT"u8],
        [.. "DBSIZE"u8], [.. "FLUSHALL"u8], [.. "COMMAND"u8], [.. "EVAL"u8], [.. "EVALSHA"u8],
    ];

    public static int Of(ReadOnlySpan<byte> key)
    {
        var open = key.IndexOf((byte)'{');
        if (open >= 0)
        {
            var length = key[(open + 1)..].IndexOf((byte)'}');
            key = length > 0 ? key.Slice(open + 1, length) : key;
        }

        var crc = 0;
        foreach (var one in key)
        {
            crc = ((crc << 8) ^ Table[((crc >> 8) ^ one) & 0xFF]) & 0xFFFF;
        }

        return crc % Count;
    }

    /// <summary>The slot of a call's first key, or <see cref="None"/>.</summary>
    public static int Of(RespCall call)
    {
        if (call.Script is { KeyCount: 0 })
        {
            return None;
        }

        if (call.Script is null)
        {
            var command = call.Command;
            foreach (var name in Keyless)
            {
                if (command.SequenceEqual(name))
                {
                    return None;
                }
            }
        }

        var key = call.FirstKey;
        return key.IsEmpty ? None : Of(key);
    }

    private static ushort[] MakeTable()
    {
        var table = new ushort[256];
        for (var i = 0; i < table.Length; i++)
        {
            var crc = i << 8;
            for (var bit = 0; bit < 8; bit++)
            {
                crc = (crc & 0x8000) != 0 ? (crc << 1) ^ Polynomial : crc << 1;
            }

            table[i] = (ushort)crc;
        }

        return table;
    }
}
