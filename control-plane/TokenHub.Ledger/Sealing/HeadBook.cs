using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace TokenHub.Ledger.Sealing;

/// <summary>
/// What the file holds: heads as <c>number:hash</c>, and the first line that is not as it was written.
/// </summary>
public sealed record KeptHeads(IReadOnlyList<string> Heads, string? Fault);

/// <summary>
/// Heads of the chain in a file of the control plane's own: who can write to the database, even as its owner, cannot
/// make the chain anew unseen. Each line is signed with a key from the master key, so that the file cannot be made to
/// fit either. One process writes it; others may read.
/// </summary>
public sealed class HeadBook
{
    /// <summary>
    /// Heads kept at least; a newer one covers all before it, older ones only say when it still fitted.
    /// </summary>
    public const int HeadsMax = 10_000;

    private const string FileName = "chain-heads";
    private static ReadOnlySpan<byte> Purpose => "tokenhub chain heads"u8;

    private readonly string _path;
    private readonly byte[]? _key;
    private readonly byte[]? _oldKey;
    private int _count;

    private HeadBook(string folder, byte[]? masterKey, byte[]? masterKeyOld)
    {
        _path = Path.Combine(folder, FileName);
        (_key, _oldKey) = (KeyOf(masterKey), KeyOf(masterKeyOld));
    }

    /// <summary>The newest one; null for none.</summary>
    public string? Last { get; private set; }

    /// <summary>
    /// For the one process that adds: what a crash tore is dropped, what an old key signed is signed anew.
    /// </summary>
    public static HeadBook Open(string folder, byte[] masterKey, byte[]? masterKeyOld)
    {
        Directory.CreateDirectory(folder);
        var book = new HeadBook(folder, masterKey, masterKeyOld);
        book.Rewrite();
        return book;
    }

    /// <summary>For a look at it. Without a master key signatures are taken for good.</summary>
    public static HeadBook OpenToRead(string folder, byte[]? masterKey, byte[]? masterKeyOld) =>
        new(folder, masterKey, masterKeyOld);

    public KeptHeads Read()
    {
        var heads = new List<string>();
        foreach (var line in Lines())
        {
            if (line.Split(' ') is not [var head, var time, var signature] || !IsHead(head)
                || !IsSigned(head, time, signature))
            {
                return new KeptHeads(heads, $"line {heads.Count + 1}");
            }

            heads.Add(head);
        }

        return new KeptHeads(heads, null);
    }

    /// <summary>Adds a head, on the disk when this returns.</summary>
    public void Add(string head, DateTimeOffset at)
    {
        if (_count >= 2 * HeadsMax)
        {
            Rewrite();
        }

        using var file = new FileStream(_path, FileMode.Append, FileAccess.Write, FileShare.Read);
        file.Write(Encoding.ASCII.GetBytes(Line(head, at.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture))));
        file.Flush(flushToDisk: true);
        (Last, _count) = (head, _count + 1);
    }

    // A line that is not ours stays as it is, for a person to see.
    private void Rewrite()
    {
        var lines = Lines();
        var kept = lines.Skip(Math.Max(0, lines.Length - HeadsMax)).ToList();
        var text = string.Concat(kept.Select(line =>
            line.Split(' ') is [var head, var time, var signature] && IsSigned(head, time, signature)
                ? Line(head, time)
                : line + "\n"));
        (_count, Last) = (kept.Count, kept.Count == 0 ? null : kept[^1].Split(' ')[0]);
        if (kept.Count > 0)
        {
            File.WriteAllText(_path + ".new", text);
            File.Move(_path + ".new", _path, overwrite: true);
        }
    }

    // Whole lines alone: the last one may be being written, or torn.
    private string[] Lines()
    {
        if (!File.Exists(_path))
        {
            return [];
        }

        using var file = new FileStream(_path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        using var reader = new StreamReader(file, Encoding.ASCII);
        var text = reader.ReadToEnd();
        return text[..(text.LastIndexOf('\n') + 1)].Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    private string Line(string head, string time) => $"{head} {time} {Sign(_key!, head, time)}\n";

    private bool IsSigned(string head, string time, string signature) => _key is null
        || IsSignedBy(_key, head, time, signature)
        || (_oldKey is not null && IsSignedBy(_oldKey, head, time, signature));

    private static bool IsSignedBy(byte[] key, string head, string time, string signature) =>
        CryptographicOperations.FixedTimeEquals(
            Encoding.ASCII.GetBytes(Sign(key, head, time)), Encoding.ASCII.GetBytes(signature));

    private static string Sign(byte[] key, string head, string time) =>
        Convert.ToHexStringLower(HMACSHA256.HashData(key, Encoding.ASCII.GetBytes($"{head} {time}")));

    private static bool IsHead(string text) => text.Split(':') is [var number, { Length: 64 }]
        && long.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out _);

    private static byte[]? KeyOf(byte[]? masterKey) =>
        masterKey is null ? null : HMACSHA256.HashData(masterKey, Purpose);
}
