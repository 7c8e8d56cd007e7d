using System.Buffers.Binary;
using TokenHub.Core.Routing;

namespace TokenHub.Gateway.Affinity;

/// <summary>A binding as Redis keeps it: 48 bytes of fixed places.</summary>
internal static class BindingCodec
{
    public const int Bytes = 48;

    private const byte Format = 1;
    private static readonly Binding Foreign = new() { Channel = 0, RuleGeneration = 0, ChannelGeneration = 0 };

    public static void Write(Binding binding, Span<byte> bytes)
    {
        bytes[0] = Format;
        bytes[1] = (byte)binding.Life;
        bytes[2] = (byte)Math.Min(binding.Misses, byte.MaxValue);
        bytes[3] = (byte)Math.Min(binding.SlowRuns, byte.MaxValue);
        bytes[4..8].Clear();
        bytes[4] = (byte)(binding.IsBrief ? 1 : 0);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[8..], binding.Channel);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[16..], binding.RuleGeneration);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[24..], binding.ChannelGeneration);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[32..], binding.CachedTokens);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[40..], binding.UsedMs);
    }

    /// <summary>What another version wrote is bound to no channel: the conversation is bound anew.</summary>
    public static Binding Read(ReadOnlySpan<byte> bytes) => bytes.Length != Bytes || bytes[0] != Format ? Foreign
        : new Binding
        {
            Life = (CacheLife)bytes[1],
            Misses = bytes[2],
            SlowRuns = bytes[3],
            IsBrief = bytes[4] != 0,
            Channel = BinaryPrimitives.ReadInt64LittleEndian(bytes[8..]),
            RuleGeneration = BinaryPrimitives.ReadInt64LittleEndian(bytes[16..]),
            ChannelGeneration = BinaryPrimitives.ReadInt64LittleEndian(bytes[24..]),
            CachedTokens = BinaryPrimitives.ReadInt64LittleEndian(bytes[32..]),
            UsedMs = BinaryPrimitives.ReadInt64LittleEndian(bytes[40..]),
        };
}
