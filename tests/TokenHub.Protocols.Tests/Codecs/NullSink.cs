using System.Buffers;
using TokenHub.Protocols.Chat;
using TokenHub.TestKit;

namespace TokenHub.Protocols.Tests.Codecs;

/// <summary>Takes events, or bytes, and forgets them; proves that nothing is allocated on the way.</summary>
internal sealed class NullSink : IChatSink, IBufferWriter<byte>
{
    public static readonly NullSink Instance = new();

    private readonly byte[] _room = new byte[64 << 10];

    public void Take(in ChatEvent e)
    {
    }

    public void Advance(int count)
    {
    }

    public Memory<byte> GetMemory(int sizeHint = 0) => _room;

    public Span<byte> GetSpan(int sizeHint = 0) => _room;

    /// <summary>Runs until all code is compiled and all room has grown, and then counts.</summary>
    public static void AssertAllocatesNothing(Action action)
    {
        for (var i = 0; i < 200; i++)
        {
            action();
        }

        Assert.Equal(0, Allocations.Least(() =>
        {
            for (var i = 0; i < 100; i++)
            {
                action();
            }
        }));
    }
}
