using System.Globalization;
using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace TokenHub.Ledger.Migrations;

/// <summary>One numbered step of the schema: <c>0003_ledger.sql</c>.</summary>
public sealed partial record Migration(int Number, string Name, string Sql)
{
    /// <summary>Lower-case hex of the text, so that a released step that was changed is noticed.</summary>
    public string Sha256 { get; } = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Sql)));

    /// <summary>The steps built into this assembly, in order.</summary>
    public static IReadOnlyList<Migration> Embedded { get; } = ReadEmbedded(typeof(Migration).Assembly);

    /// <summary>Throws when the name is not four digits, an underscore and a snake-case name.</summary>
    public static Migration Create(string name, string sql)
    {
        if (!FileName().IsMatch(name))
        {
            throw new MigrationException($"'{name}' is not named like 0001_snake_name.sql.");
        }

        return new Migration(int.Parse(name[..4], CultureInfo.InvariantCulture), name, sql.ReplaceLineEndings("\n"));
    }

    private static List<Migration> ReadEmbedded(Assembly assembly)
    {
        var found = new List<Migration>();
        foreach (var name in assembly.GetManifestResourceNames().Order(StringComparer.Ordinal))
        {
            if (name.EndsWith(".sql", StringComparison.Ordinal))
            {
                using var reader = new StreamReader(assembly.GetManifestResourceStream(name)!, Encoding.UTF8);
                found.Add(Create(name, reader.ReadToEnd()));
            }
        }

        return found;
    }

    [GeneratedRegex("^[0-9]{4}_[a-z0-9_]+\\.sql$")]
    private static partial Regex FileName();
}
