package docs

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// documented are the packages whose every export has a comment.
var documented = []string{
	"mdx", "portal", "journal", "containerhost", "lifecycle", "mdxsim",
	"provider", "provider/kit", "provider/vm", "provider/network", "provider/host", "provider/project",
}

// shadowless are the packages in which no local has the name of something in the package: a reader would take one for the
// other.
var shadowless = documented

func TestEveryExportIsDocumented(t *testing.T) {
	for _, name := range documented {
		for _, file := range filesOf(t, name) {
			for _, decl := range file.Decls {
				for _, export := range undocumented(decl) {
					t.Errorf("internal/%s: %s has no comment", name, export)
				}
			}
		}
	}
}

// ownWord are the methods of the client's that are about no fact of the portal's.
var ownWord = []string{"Poll", "Now"}

// Whoever reads what a request does can look up where that is known from.
func TestEveryRequestSaysWhereItsFactsComeFrom(t *testing.T) {
	for _, file := range filesOf(t, "mdx") {
		for _, decl := range file.Decls {
			method, ok := decl.(*ast.FuncDecl)
			if !ok || method.Recv == nil || !method.Name.IsExported() || slices.Contains(ownWord, method.Name.Name) {
				continue
			}
			star, ok := method.Recv.List[0].Type.(*ast.StarExpr)
			if !ok {
				continue
			}
			of, ok := star.X.(*ast.Ident)
			if ok && of.Name == "Client" && !strings.Contains(method.Doc.Text(), "PORTAL.md §") {
				t.Errorf("internal/mdx: Client.%s cites no section of PORTAL.md", method.Name.Name)
			}
		}
	}
}

// undocumented are the exports of a declaration that have no comment: functions, methods, types, constants and variables. A
// comment on a group of constants is one on each.
func undocumented(decl ast.Decl) []string {
	var names []string
	switch decl := decl.(type) {
	case *ast.FuncDecl:
		if decl.Name.IsExported() && decl.Doc == nil && exportedReceiver(decl) {
			names = append(names, decl.Name.Name)
		}
	case *ast.GenDecl:
		for _, spec := range decl.Specs {
			switch spec := spec.(type) {
			case *ast.TypeSpec:
				if spec.Name.IsExported() && decl.Doc == nil && spec.Doc == nil {
					names = append(names, spec.Name.Name)
				}
			case *ast.ValueSpec:
				if spec.Names[0].IsExported() && decl.Doc == nil && spec.Doc == nil && spec.Comment == nil {
					names = append(names, spec.Names[0].Name)
				}
			}
		}
	}
	return names
}

// exportedReceiver tells whether a function is one of the package's, or a method of a type that others can name.
func exportedReceiver(decl *ast.FuncDecl) bool {
	exported := true
	if decl.Recv != nil {
		ast.Inspect(decl.Recv.List[0].Type, func(n ast.Node) bool {
			if ident, ok := n.(*ast.Ident); ok {
				exported = exported && ident.IsExported()
				return false
			}
			return true
		})
	}
	return exported
}

func TestNoLocalHasTheNameOfSomethingInItsPackage(t *testing.T) {
	for _, name := range shadowless {
		files := filesOf(t, name)
		known := map[string]bool{}
		for _, file := range files {
			for _, decl := range file.Decls {
				for _, ident := range declared(decl) {
					known[ident.Name] = true
				}
			}
		}
		for _, file := range files {
			for _, decl := range file.Decls {
				for _, local := range locals(decl) {
					if known[local.Name] && local.Name != "_" {
						t.Errorf("%s: %s is also something in the package", at(local), local.Name)
					}
				}
			}
		}
	}
}

// declared are the names that a declaration puts into its package.
func declared(decl ast.Decl) []*ast.Ident {
	var names []*ast.Ident
	switch decl := decl.(type) {
	case *ast.FuncDecl:
		if decl.Recv == nil {
			names = append(names, decl.Name)
		}
	case *ast.GenDecl:
		for _, spec := range decl.Specs {
			switch spec := spec.(type) {
			case *ast.TypeSpec:
				names = append(names, spec.Name)
			case *ast.ValueSpec:
				names = append(names, spec.Names...)
			}
		}
	}
	return names
}

// locals are the parameters, results and variables that a declaration has inside of functions.
func locals(decl ast.Decl) []*ast.Ident {
	var names []*ast.Ident
	identifiers := func(exprs []ast.Expr) {
		for _, expr := range exprs {
			if ident, ok := expr.(*ast.Ident); ok {
				names = append(names, ident)
			}
		}
	}
	fields := func(list *ast.FieldList) {
		if list != nil {
			for _, field := range list.List {
				names = append(names, field.Names...)
			}
		}
	}
	inside := func(node ast.Node) bool {
		switch node := node.(type) {
		case *ast.FuncLit:
			fields(node.Type.Params)
			fields(node.Type.Results)
		case *ast.AssignStmt:
			if node.Tok == token.DEFINE {
				identifiers(node.Lhs)
			}
		case *ast.RangeStmt:
			if node.Tok == token.DEFINE {
				identifiers([]ast.Expr{node.Key, node.Value})
			}
		case *ast.DeclStmt:
			if gen, ok := node.Decl.(*ast.GenDecl); ok {
				names = append(names, declared(gen)...)
			}
		}
		return true
	}
	if function, ok := decl.(*ast.FuncDecl); ok {
		fields(function.Recv)
		fields(function.Type.Params)
		fields(function.Type.Results)
	}
	ast.Inspect(decl, inside)
	return names
}

var positions = token.NewFileSet()

func at(ident *ast.Ident) string {
	position := positions.Position(ident.Pos())
	position.Filename = filepath.Base(position.Filename)
	return position.String()
}

// filesOf parses a package of ours, without its tests.
func filesOf(t *testing.T, name string) []*ast.File {
	t.Helper()
	packages, err := parser.ParseDir(positions, filepath.Join("..", name), func(info fs.FileInfo) bool { //nolint:staticcheck // build tags don't matter here
		return !strings.HasSuffix(info.Name(), "_test.go")
	}, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	var files []*ast.File
	for _, pkg := range packages {
		for _, file := range pkg.Files {
			files = append(files, file)
		}
	}
	return files
}
