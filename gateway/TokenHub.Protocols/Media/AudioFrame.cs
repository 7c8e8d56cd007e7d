namespace TokenHub.Protocols.Media;

/// <summary>The head of one frame of MPEG audio or of AAC in ADTS.</summary>
/// <param name="Bytes">Of the whole frame.</param>
/// <param name="Micros">How long it sounds, in microseconds.</param>
internal readonly record struct AudioFrame(int Bytes, long Micros)
{
    private const int AdtsSamples = 1024;

    private static ReadOnlySpan<ushort> Mpeg1Layer1 =>
        [0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448, 0];

    private static ReadOnlySpan<ushort> Mpeg1Layer2 =>
        [0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 0];

    private static ReadOnlySpan<ushort> Mpeg1Layer3 =>
        [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 0];

    private static ReadOnlySpan<ushort> Mpeg2Layer1 =>
        [0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256, 0];

    private static ReadOnlySpan<ushort> Mpeg2Others =>
        [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, 0];

    private static ReadOnlySpan<int> MpegRates => [44_100, 48_000, 32_000];

    private static ReadOnlySpan<int> AdtsRates =>
        [96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000, 7_350];

    /// <summary>Reads the seven bytes at a frame's start; false where none begins.</summary>
    public static bool TryRead(ReadOnlySpan<byte> head, out AudioFrame frame)
    {
        frame = default;
        if (head[0] != 0xFF || (head[1] & 0xE0) != 0xE0)
        {
            return false;
        }

        // Layer 0 of an MPEG head is what marks ADTS.
        return (head[1] & 0x06) == 0 ? TryReadAdts(head, out frame) : TryReadMpeg(head, out frame);
    }

    private static bool TryReadAdts(ReadOnlySpan<byte> head, out AudioFrame frame)
    {
        frame = default;
        var rate = (head[2] >> 2) & 0x0F;
        if ((head[1] & 0xF0) != 0xF0 || rate >= AdtsRates.Length)
        {
            return false;
        }

        var bytes = ((head[3] & 0x03) << 11) | (head[4] << 3) | (head[5] >> 5);
        var samples = AdtsSamples * ((head[6] & 0x03) + 1L);
        frame = new AudioFrame(bytes, samples * 1_000_000 / AdtsRates[rate]);
        return bytes >= 7;
    }

    private static bool TryReadMpeg(ReadOnlySpan<byte> head, out AudioFrame frame)
    {
        frame = default;
        var version = (head[1] >> 3) & 0x03;
        var layer = 4 - ((head[1] >> 1) & 0x03);
        var rateIndex = (head[2] >> 2) & 0x03;
        if (version == 1 || rateIndex == 3)
        {
            return false;
        }

        var isFirst = version == 3;
        var kilobits = (isFirst, layer) switch
        {
            (true, 1) => Mpeg1Layer1,
            (true, 2) => Mpeg1Layer2,
            (true, _) => Mpeg1Layer3,
            (false, 1) => Mpeg2Layer1,
            _ => Mpeg2Others,
        };
        var bits = kilobits[head[2] >> 4] * 1000;
        var rate = MpegRates[rateIndex] >> (version == 3 ? 0 : version == 2 ? 1 : 2);
        var padding = (head[2] >> 1) & 1;
        var samples = layer == 1 ? 384 : layer == 3 && !isFirst ? 576 : 1152;
        var bytes = layer == 1 ? ((12 * bits / rate) + padding) * 4 : (samples / 8 * bits / rate) + padding;
        frame = new AudioFrame(bytes, samples * 1_000_000L / rate);
        return bits > 0;
    }
}
