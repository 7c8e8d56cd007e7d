using System.Buffers.Binary;

namespace TokenHub.Protocols.Tests.Media;

/// <summary>Sound files of a known length, as small as their formats let them be.</summary>
internal static class Sounds
{
    /// <summary>16,000 samples a second of two bytes.</summary>
    public static byte[] Wav(int ms, uint? toldBytes = null)
    {
        var data = new byte[32 * ms];
        using var file = new MemoryStream();
        file.Write("RIFF"u8);
        file.Write(Little((uint)(36 + data.Length)));
        file.Write("WAVEfmt "u8);
        file.Write(Little(16));
        file.Write([1, 0, 1, 0]);
        file.Write(Little(16_000));
        file.Write(Little(32_000));
        file.Write([2, 0, 16, 0]);
        file.Write("LIST"u8);
        file.Write(Little(3));
        file.Write([1, 2, 3, 0]);
        file.Write("data"u8);
        file.Write(Little(toldBytes ?? (uint)data.Length));
        file.Write(data);
        return file.ToArray();
    }

    /// <summary>Frames of MPEG 1 layer 3, 128 kbit/s at 44,100 Hz: 417 bytes and 26.122 ms each.</summary>
    public static byte[] Mp3(int frames, bool hasTags = false)
    {
        using var file = new MemoryStream();
        if (hasTags)
        {
            file.Write("ID3"u8);
            file.Write([4, 0, 0, 0, 0, 0, 20]);
            file.Write(new byte[20]);
        }

        for (var i = 0; i < frames; i++)
        {
            var frame = new byte[417];
            new byte[] { 0xFF, 0xFB, 0x90, 0x00 }.CopyTo(frame, 0);
            file.Write(frame);
        }

        if (hasTags)
        {
            var tag = new byte[128];
            "TAG"u8.CopyTo(tag);
            file.Write(tag);
        }

        return file.ToArray();
    }

    /// <summary>Frames of AAC at 24,000 Hz: 42.666 ms each.</summary>
    public static byte[] Adts(int frames)
    {
        using var file = new MemoryStream();
        for (var i = 0; i < frames; i++)
        {
            var frame = new byte[100];
            new byte[] { 0xFF, 0xF1, 0x58, 0x80, 100 >> 3, (100 & 7) << 5 | 0x1F, 0xFC }.CopyTo(frame, 0);
            file.Write(frame);
        }

        return file.ToArray();
    }

    /// <summary>Opus in Ogg, whose last page is so many milliseconds after the first.</summary>
    public static byte[] Opus(int ms)
    {
        using var file = new MemoryStream();
        var head = new byte[19];
        "OpusHead"u8.CopyTo(head);
        BinaryPrimitives.WriteUInt16LittleEndian(head.AsSpan(10), 312);
        WritePage(file, 0, head);
        WritePage(file, 0, "OpusTags"u8.ToArray());
        for (var at = 20; at < ms + 20; at += 20)
        {
            WritePage(file, 312 + (Math.Min(at, ms) * 48L), new byte[300]);
        }

        return file.ToArray();
    }

    public static byte[] Flac(int ms)
    {
        var file = new byte[42 + 1000];
        "fLaC"u8.CopyTo(file);
        file[7] = 34;
        var samples = 16_000L * ms / 1000;
        file[18] = 16_000 >> 12;
        file[19] = (16_000 >> 4) & 0xFF;
        file[20] = (16_000 & 0xF) << 4;
        file[21] = (byte)(samples >> 32);
        BinaryPrimitives.WriteUInt32BigEndian(file.AsSpan(22), (uint)samples);
        return file;
    }

    /// <summary>The movie's head behind the data, as recorders write it.</summary>
    public static byte[] Mp4(int ms, bool isLong = false)
    {
        using var file = new MemoryStream();
        WriteBox(file, "ftyp", "M4A \0\0\0\0"u8.ToArray());
        WriteBox(file, "mdat", new byte[500]);
        var head = new byte[isLong ? 108 : 100];
        head[0] = isLong ? (byte)1 : (byte)0;
        BinaryPrimitives.WriteUInt32BigEndian(head.AsSpan(isLong ? 20 : 12), 48_000);
        if (isLong)
        {
            BinaryPrimitives.WriteUInt64BigEndian(head.AsSpan(24), 48UL * (ulong)ms);
        }
        else
        {
            BinaryPrimitives.WriteUInt32BigEndian(head.AsSpan(16), 48U * (uint)ms);
        }

        using var movie = new MemoryStream();
        WriteBox(movie, "mvhd", head);
        WriteBox(file, "moov", movie.ToArray());
        return file.ToArray();
    }

    /// <param name="ms">Told in the head; with null only by the last cluster, which begins at 4,321 ms.</param>
    public static byte[] WebM(int? ms)
    {
        using var info = new MemoryStream();
        info.Write([0x2A, 0xD7, 0xB1, 0x83, 0x0F, 0x42, 0x40]);
        if (ms is { } told)
        {
            info.Write([0x44, 0x89, 0x88]);
            var number = new byte[8];
            BinaryPrimitives.WriteDoubleBigEndian(number, told);
            info.Write(number);
        }

        using var file = new MemoryStream();
        file.Write([0x1A, 0x45, 0xDF, 0xA3, 0x84, 1, 2, 3, 4]);

        // A segment of unknown size.
        file.Write([0x18, 0x53, 0x80, 0x67, 0x01, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]);
        file.Write([0x15, 0x49, 0xA9, 0x66, (byte)(0x80 | info.Length)]);
        file.Write(info.ToArray());
        foreach (var time in new[] { 0, 4_321 })
        {
            file.Write([0x1F, 0x43, 0xB6, 0x75, 0x01, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]);
            file.Write([0xE7, 0x82, (byte)(time >> 8), (byte)time, 0xA3, 0x84, 1, 2, 3, 4]);
        }

        return file.ToArray();
    }

    private static void WritePage(MemoryStream file, long granule, byte[] payload)
    {
        var head = new byte[27];
        "OggS"u8.CopyTo(head);
        BinaryPrimitives.WriteInt64LittleEndian(head.AsSpan(6), granule);
        var segments = (payload.Length / 255) + 1;
        head[26] = (byte)segments;
        file.Write(head);
        for (var i = 0; i < segments; i++)
        {
            file.WriteByte((byte)(i < segments - 1 ? 255 : payload.Length % 255));
        }

        file.Write(payload);
    }

    private static void WriteBox(MemoryStream file, string kind, byte[] body)
    {
        var size = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(size, (uint)(8 + body.Length));
        file.Write(size);
        file.Write(System.Text.Encoding.ASCII.GetBytes(kind));
        file.Write(body);
    }

    private static byte[] Little(uint number)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, number);
        return bytes;
    }
}
