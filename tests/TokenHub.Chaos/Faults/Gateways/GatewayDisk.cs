namespace TokenHub.Chaos.Faults.Gateways;

/// <summary>The files a gateway keeps, and what a crash of the machine can do to them.</summary>
internal sealed class GatewayDisk(string dataFolder)
{
    private readonly string _folder = Path.Combine(dataFolder, "wal");
    private readonly Dictionary<string, byte[]> _tables = [];
    private readonly Dictionary<string, long> _ends = [];

    public IEnumerable<string> Segments => Directory.GetFiles(_folder, "log-*.wal").Order(StringComparer.Ordinal);

    public void KeepTable()
    {
        // The lock belongs to the process, not to the disk.
        foreach (var file in Directory.GetFiles(_folder).Where(file =>
            !file.EndsWith(".wal", StringComparison.Ordinal) && Path.GetFileName(file) != "lock"))
        {
            _tables[file] = File.ReadAllBytes(file);
        }
    }

    public void RestoreTable()
    {
        foreach (var (file, bytes) in _tables)
        {
            File.WriteAllBytes(file, bytes);
        }
    }

    public void KeepLogEnds()
    {
        foreach (var segment in Segments)
        {
            _ends[segment] = EndOf(segment);
        }
    }

    /// <summary>The newest segment loses what was written since its end was noted.</summary>
    public void CutLog()
    {
        var newest = Segments.Last();
        var end = _ends.GetValueOrDefault(newest, 0);
        using var file = new FileStream(newest, FileMode.Open);
        var zeros = new byte[file.Length - end];
        file.Position = end;
        file.Write(zeros);
    }

    /// <summary>Turns one bit of the frame with this number, from 0; negative counts from the end.</summary>
    public string Flip(int frame)
    {
        var segment = Segments.Last(s => EndOf(s) > 0);
        var starts = StartsOf(segment);
        var start = starts[frame < 0 ? starts.Count + frame : frame];
        using var file = new FileStream(segment, FileMode.Open);
        file.Position = start + HeadBytes;
        var value = file.ReadByte();
        file.Position = start + HeadBytes;
        file.WriteByte((byte)(value ^ 4));
        return segment;
    }

    public int CountFrames() => Segments.Sum(segment => StartsOf(segment).Count);

    private const int HeadBytes = 24;

    private static long EndOf(string segment) => Walk(segment).End;

    private static List<long> StartsOf(string segment) => Walk(segment).Starts;

    // A frame: length of its payload, checksum, number, first number of its group, payload, up to a multiple of eight.
    private static (List<long> Starts, long End) Walk(string segment)
    {
        using var file = new BinaryReader(new FileStream(segment, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        var starts = new List<long>();
        var at = 0L;
        while (at + HeadBytes <= file.BaseStream.Length)
        {
            file.BaseStream.Position = at;
            var length = file.ReadInt32();
            if (length <= 0)
            {
                break;
            }

            starts.Add(at);
            at += (HeadBytes + length + 7) & ~7;
        }

        return (starts, at);
    }
}
